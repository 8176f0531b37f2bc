/** Makes packages of the extensions, in the layout that Azure's guest agent unpacks and starts. */

import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { packageExecutable } from './package-executable.ts'

export const extensions = ['vm-access', 'managed-identity', 'key-vault']

/** Threads, whose programs are files of their own beside the extension's. */
const threads: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'key-vault': { 'pfx-worker': 'src/certificate-bundle/pfx/worker.ts' },
}

const sources = join(import.meta.dirname, 'src', 'extensions')

const entryOf = (name: string) => join(sources, name, 'main.ts')

/** Bundles one extension into `folder`: its program, what starts it, and its manifest. */
export async function packageExtension(name: string, folder: string, entry = entryOf(name)): Promise<Metafile> {
  const metafile = await bundle({ [name]: entry, ...threads[name] }, folder)
  placeCommands(name, folder)
  return metafile
}

/** CommonJS packages call require for Node's own modules, which a module does not have. */
export const banner = {
  js: "import{createRequire as lazuliRequire}from'node:module';const require=lazuliRequire(import.meta.url);",
}

async function bundle(entryPoints: Readonly<Record<string, string>>, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: import.meta.dirname,
    outdir: resolve(folder),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    // The Node of the machine, which is the distribution's.
    target: 'node18',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    banner,
    logLevel: 'warning',
  })
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
  if (threads[name]) await bundle(threads[name], folder)
  await packageExecutable(entryOf(name), join(folder, 'bin', `${name}.exe`))
}

/** What the guest agent reads, and what it starts. */
function placeCommands(name: string, folder: string): void {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  copyFileSync(join(sources, name, 'manifest.json'), join(folder, 'HandlerManifest.json'))
  copyFileSync(join(sources, 'handler', 'launcher.sh'), join(folder, 'bin', name))
  chmodSync(join(folder, 'bin', name), 0o755)
}
