import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether the server runs from its sources. What the published package brings along has to be made first then. */
export const isCheckout: boolean = import.meta.url.endsWith('.ts')

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Makes a file of the sources below `folders`, unless there is one that is newer than all of them; returns where it is.
 * `name` is its path in the cache, and `make` gets a folder of its own and returns the path of what it made there.
 */
export async function madeOfSources(
  name: string,
  folders: readonly string[],
  make: (draft: string) => Promise<string>,
): Promise<string> {
  // Several checkouts may share one node_modules.
  const checkout = createHash('sha256').update(root).digest('hex').slice(0, 8)
  const file = join(root, 'node_modules/.cache/lazuli', checkout, name)
  const changes = await Promise.all(folders.map(folder => newestBelow(join(root, folder))))
  if ((await changeOf(file)) > Math.max(...changes)) return file
  await mkdir(dirname(file), { recursive: true })
  const draft = await mkdtemp(`${file}.draft-`)
  try {
    await rename(await make(draft), file)
  } finally {
    await rm(draft, { recursive: true })
  }
  return file
}

/** A module of the checkout that the server does not contain: by its path, so that bundlers leave it alone. */
export const fromCheckout = <Module>(path: string): Promise<Module> =>
  import(new URL(`../../${path}`, import.meta.url).href)

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
