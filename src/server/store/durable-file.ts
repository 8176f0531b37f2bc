import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

export type FileMode = { readonly mode: number }

/**
 * Replaces `path` in one step. When it returns, the content survives a power cut; whenever it fails or is killed,
 * readers still see the old file, whole.
 */
export async function writeDurably(path: string, content: string | Uint8Array, { mode }: FileMode): Promise<void> {
  const draft = await writeDraft(path, content, mode)
  try {
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * Creates `path` unless it exists, in one step and durably. Returns false when the file was there already: of several
 * processes exactly one gets true, and all find the same content afterwards.
 */
export async function createDurably(path: string, content: string | Uint8Array, { mode }: FileMode): Promise<boolean> {
  const draft = await writeDraft(path, content, mode)
  try {
    // Unlike rename, link never replaces; unlike O_EXCL, it never shows a file that is only half written.
    await link(draft, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
    await syncFolder(dirname(path))
  }
}

/** Makes a folder and its missing parents, so that they survive a power cut. An existing folder stays as it is. */
export async function makeFolderDurably(path: string, { mode }: FileMode): Promise<void> {
  const whole = resolve(path)
  if (await isFolder(whole)) return
  // Not by mkdir's own `recursive`, which never ends below /proc, where there is a parent and yet no way to make anything.
  await makeFolderDurably(dirname(whole), { mode })
  try {
    await mkdir(whole, { mode })
  } catch (error) {
    if (isErrno(error, 'EEXIST') && (await isFolder(whole))) return
    throw error
  }
  // A folder is an entry of its parent, so it is the parent that has to reach the disk.
  await syncFolder(dirname(whole))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false
    throw error
  }
}

/** The whole text of a file; undefined when there is no such file. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined
    throw error
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function writeDraft(path: string, content: string | Uint8Array, mode: number): Promise<string> {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(content)
    // After the content, and not through open: the umask must not have a say.
    await file.chmod(mode)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return draft
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
