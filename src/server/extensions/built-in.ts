import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { handlerOf, type Package, packagesIn } from './packages.ts'
import { filesBelow, zip } from './write-zip.ts'

/** What comes with Lazuli, by the folder of its sources. Machines take a higher version for a newer one. */
export const builtIn: Readonly<Record<string, Omit<Package, 'file'>>> = {
  'vm-access': { publisher: 'Microsoft.OSTCExtensions', type: 'VMAccessForLinux', version: '1.5.26' },
}

export const archiveName = (name: Omit<Package, 'file'>) => `${handlerOf(name)}__${name.version}.zip`

/**
 * The packages that come with Lazuli. The published one has them as archives beside its own program; in a checkout they
 * are made of the sources when a machine wants one.
 */
export async function builtInPackages(): Promise<Package[]> {
  if (!import.meta.url.endsWith('.ts')) return packagesIn(fileURLToPath(new URL('extensions', import.meta.url)))
  return Object.entries(builtIn).map(([folder, name]) => {
    let made: Promise<string> | undefined
    return {
      ...name,
      file: () => {
        made ??= makeArchive(folder, name)
        return made
      },
    }
  })
}

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** Kept for as long as no source is newer. */
async function makeArchive(source: string, name: Omit<Package, 'file'>): Promise<string> {
  // Checkouts may share their node_modules.
  const checkout = createHash('sha256').update(root('')).digest('hex').slice(0, 8)
  const cache = join(root('node_modules/.cache/lazuli/extensions'), checkout)
  const file = join(cache, archiveName(name))
  const [madeAt, changedAt] = await Promise.all([changeOf(file), newestBelow(root('src/extensions'))])
  if (madeAt > changedAt) return file
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, 'draft-'))
  try {
    // Not by name: a bundler would take along the bundler.
    const { packageExtension } = await import(new URL('../../../package-extensions.ts', import.meta.url).href)
    await packageExtension(source, join(draft, 'folder'))
    await writeFile(join(draft, 'archive.zip'), zip(filesBelow(join(draft, 'folder'))))
    await rename(join(draft, 'archive.zip'), file)
  } finally {
    await rm(draft, { recursive: true })
  }
  return file
}

const changeOf = (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )

async function newestBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return Math.max(...(await Promise.all(files.map(changeOf))))
}
