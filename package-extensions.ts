/** Makes packages of the extensions, in the layout that Azure's guest agent unpacks and starts. */

import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'

export const extensions = ['vm-access', 'managed-identity']

const sources = join(import.meta.dirname, 'src', 'extensions')

/** Bundles one extension into `folder`: its program, what starts it, and its manifest. */
export async function packageExtension(
  name: string,
  folder: string,
  entry = join(sources, name, 'main.ts'),
): Promise<Metafile> {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  const { metafile } = await build({
    entryPoints: [entry],
    outfile: join(resolve(folder), `${name}.mjs`),
    bundle: true,
    format: 'esm',
    platform: 'node',
    // The Node of the machine, which is the distribution's.
    target: 'node18',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  copyFileSync(join(sources, name, 'manifest.json'), join(folder, 'HandlerManifest.json'))
  copyFileSync(join(sources, 'handler', 'launcher.sh'), join(folder, 'bin', name))
  chmodSync(join(folder, 'bin', name), 0o755)
  return metafile
}
