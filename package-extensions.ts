/** Makes packages of the extensions, in the layout that Azure's guest agent unpacks and starts. */

import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { packageExecutable } from './package-executable.ts'

export const extensions = ['vm-access', 'managed-identity']

const sources = join(import.meta.dirname, 'src', 'extensions')

const entryOf = (name: string) => join(sources, name, 'main.ts')

/** Bundles one extension into `folder`: its program, what starts it, and its manifest. */
export async function packageExtension(name: string, folder: string, entry = entryOf(name)): Promise<Metafile> {
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
  placeCommands(name, folder)
  return metafile
}

/** The same for machines that have no Node: the program and its Node are one file. */
export async function packageStandalone(name: string, folder: string): Promise<void> {
  placeCommands(name, folder)
  const { version } = process
  writeFileSync(
    join(folder, 'NOTICE'),
    `bin/${name}.exe contains Node.js ${version}, https://github.com/nodejs/node/blob/${version}/LICENSE\n`,
  )
  await packageExecutable(entryOf(name), join(folder, 'bin', `${name}.exe`))
}

/** What the guest agent reads, and what it starts. */
function placeCommands(name: string, folder: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  copyFileSync(join(sources, name, 'manifest.json'), join(folder, 'HandlerManifest.json'))
  copyFileSync(join(sources, 'handler', 'launcher.sh'), join(folder, 'bin', name))
  chmodSync(join(folder, 'bin', name), 0o755)
}
