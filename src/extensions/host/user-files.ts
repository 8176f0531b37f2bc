/**
 * Files below a user's home, which the user can change at any moment, while we are at it. Two walls stand between that
 * and root's power: every folder is opened from the one above without following links, and is held open; and from the
 * home on, all is done with the user's own rights, so that whatever is swapped under us, nothing can be reached that
 * the user could not have reached alone.
 *
 * Node has no openat(2); a path through /proc/self/fd is the same. All calls are synchronous, because rights belong to
 * the whole process: nothing else may run in between.
 */

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Account } from './account-files.ts'
import { isErrno, readTextIfPresent } from './files.ts'

/** A path that leads, or might lead, where it should not. The text is Azure's where it has one. */
export class UnsafePath extends Error {
  override readonly name = 'UnsafePath'
}

export type UserFile = { readonly content: Buffer; readonly mode: number }

/** The rights with which a file is changed: a user's, or root's for folders that only root can write to. */
export type Owner = Pick<Account, 'name' | 'uid' | 'gid'>
export const rootOwner: Owner = { name: 'root', uid: 0, gid: 0 }

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
const asFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK
const largestFile = 1024 * 1024
const mostLinks = 20

const at = (folder: number, name: string) => `/proc/self/fd/${folder}/${name}`
const writableByOthers = 0o022

/** A folder that is held open, and its name for messages. */
type Held = { readonly fd: number; readonly path: string }

/**
 * Opens the folder that holds `path`, from the root on, and passes it to `work` with the last name. Up to `base`, only
 * root could have put things in the way, or it fails; below, all folders must be the owner's. Missing ones are made
 * (0700) when `create` says so; otherwise the result is undefined.
 */
function inFolder<T>(
  { owner, base, path, create }: { owner: Owner; base: string; path: string; create: boolean },
  work: (folder: Held, name: string) => T,
): T | undefined {
  const names = path.slice(base.length).split('/').filter(Boolean)
  const last = names.pop()
  if (!path.startsWith(`${base}/`) || !last || names.includes('..'))
    throw new UnsafePath(`${path} is not below ${base}`)
  const held: Held[] = [openTrusted(base, owner)]
  try {
    return withRightsOf(owner, () => {
      for (const name of names) {
        const above = held.at(-1) ?? unreachable()
        const next = openOwned(above, name, owner, { create })
        if (!next) return undefined
        held.push(next)
      }
      return work(held.at(-1) ?? unreachable(), last)
    })
  } finally {
    for (const { fd } of held) closeSync(fd)
  }
}

/** The file at `path`; undefined when there is none. Throws UnsafePath when it is anything but the owner's own file. */
export function readUserFile(owner: Owner, base: string, path: string): UserFile | undefined {
  return inFolder({ owner, base, path, create: false }, (folder, name) => {
    // Without O_NONBLOCK, a pipe in place of the file would hold us for ever.
    const fd = openIfPresent(at(folder.fd, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path)
    if (fd === undefined) return undefined
    try {
      const status = fstatSync(fd)
      demandFile(status, path, owner)
      return { content: readFileSync(fd), mode: status.mode & 0o7777 }
    } finally {
      closeSync(fd)
    }
  })
}

/** Replaces or makes the file in one step, durably, and the folders on the way to it. */
export function writeUserFile(owner: Owner, base: string, path: string, { content, mode }: UserFile): void {
  inFolder({ owner, base, path, create: true }, (folder, name) => {
    // rename would put the new file in the place of a link or a pipe without a word; that is not what was asked for.
    const existing = openIfPresent(at(folder.fd, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path)
    if (existing !== undefined) {
      try {
        demandFile(fstatSync(existing), path, owner)
      } finally {
        closeSync(existing)
      }
    }
    const draft = at(folder.fd, `.${name}.${randomBytes(6).toString('hex')}~`)
    const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      for (let done = 0; done < content.length; ) done += writeSync(fd, content, done)
      fchmodSync(fd, mode)
      fsyncSync(fd)
      renameSync(draft, at(folder.fd, name))
    } catch (error) {
      unlinkSync(draft)
      throw error
    } finally {
      closeSync(fd)
    }
    fsyncSync(folder.fd)
  })
}

/** Removes the file. Does nothing when there is none. */
export function removeUserFile(owner: Owner, base: string, path: string): void {
  inFolder({ owner, base, path, create: false }, (folder, name) => {
    ignoring(['ENOENT'], () => unlinkSync(at(folder.fd, name)))
    fsyncSync(folder.fd)
  })
}

/** Removes a folder that is empty; one that is not stays. */
export function removeUserFolder(owner: Owner, base: string, path: string): void {
  inFolder({ owner, base, path, create: false }, (folder, name) =>
    ignoring(['ENOENT', 'ENOTEMPTY', 'ENOTDIR'], () => rmdirSync(at(folder.fd, name))),
  )
}

/** The mode of each folder from `base` to the one that holds `path`; those that are missing are left out. */
export function folderModes(owner: Owner, base: string, path: string): Record<string, number> {
  const modes: Record<string, number> = {}
  for (const folder of foldersOnTheWay(base, path)) {
    const fd = openFolder(owner, base, folder)
    if (fd === undefined) break
    modes[folder] = fstatSync(fd).mode & 0o7777
    closeSync(fd)
  }
  return modes
}

/** Sets the modes of folders on the way to a file, each with the rights of the owner. */
export function setFolderModes(owner: Owner, base: string, modes: Readonly<Record<string, number>>): void {
  for (const [folder, mode] of Object.entries(modes)) {
    const fd = openFolder(owner, base, folder)
    if (fd === undefined) continue
    try {
      withRightsOf(owner, () => fchmodSync(fd, mode))
    } finally {
      closeSync(fd)
    }
  }
}

/** What the modes must be for sshd, whose StrictModes ignores keys that others than the owner could have written. */
export function strictModes(modes: Readonly<Record<string, number>>): Record<string, number> {
  const changed = Object.entries(modes).filter(([, mode]) => (mode & writableByOthers) !== 0)
  return Object.fromEntries(changed.map(([path, mode]) => [path, mode & ~writableByOthers]))
}

export function foldersOnTheWay(base: string, path: string): string[] {
  const names = dirname(path).slice(base.length).split('/').filter(Boolean)
  return [base, ...names.map((_name, index) => join(base, ...names.slice(0, index + 1)))]
}

/** Held open; undefined when it is not there. */
function openFolder(owner: Owner, base: string, folder: string): number | undefined {
  if (folder === base) return openTrusted(base, owner).fd
  return inFolder({ owner, base, path: folder, create: false }, ({ fd, path }, name) => {
    return openOwned({ fd, path }, name, owner, { create: false })?.fd
  })
}

/**
 * Opens a folder with root's rights. Everything on the way must be of root's making: a folder that only root can write
 * to, or a link in one, as where /home is a link to /data/home. The folder itself must be the owner's.
 */
function openTrusted(path: string, owner: Owner): Held {
  demandNoForeignMount(path)
  let names = path.split('/').filter(Boolean)
  for (let links = 0; links <= mostLinks; links++) {
    const reached = walk(names)
    if ('fd' in reached) {
      const status = fstatSync(reached.fd)
      const isOwned = status.uid === owner.uid && (owner.uid !== 0 || (status.mode & writableByOthers) === 0)
      if (isOwned) return { fd: reached.fd, path }
      closeSync(reached.fd)
      throw new UnsafePath(`Refusing to write: ${path} is not owned by ${owner.name}${owner.uid === 0 ? ' alone' : ''}`)
    }
    names = reached.names
  }
  throw new UnsafePath(`Refusing to write: ${path} goes through too many links`)
}

/** Whether a path leads to a folder in which only root can put things, and only root decides which folder that is. */
export function isTrustedFolder(path: string): boolean {
  try {
    closeSync(openTrusted(path, rootOwner).fd)
    return true
  } catch (error) {
    if (error instanceof UnsafePath) return false
    throw error
  }
}

/** The open folder, or the names to go on with because a link of root's was met. */
function walk(names: readonly string[]): { fd: number } | { names: string[] } {
  let fd = openSync('/', asFolder)
  for (const [index, name] of names.entries()) {
    const here = `/${names.slice(0, index + 1).join('/')}`
    const status = fstatSync(fd)
    const link = ignoring(['ENOENT'], () => lstatSync(at(fd, name)))
    if (status.uid !== 0 || (status.mode & writableByOthers) !== 0) {
      closeSync(fd)
      throw new UnsafePath(`Refusing to write: ${dirname(here)} can be changed by others than root`)
    }
    if (!link) {
      closeSync(fd)
      throw new UnsafePath(`Refusing to write: ${here} does not exist`)
    }
    if (link.isSymbolicLink()) {
      const target = readlinkSync(at(fd, name))
      closeSync(fd)
      const rest = names.slice(index + 1)
      return { names: [...resolve(dirname(here), target).split('/').filter(Boolean), ...rest] }
    }
    const next = openSync(at(fd, name), asFolder)
    closeSync(fd)
    fd = next
  }
  return { fd }
}

function openOwned(above: Held, name: string, owner: Owner, { create }: { create: boolean }): Held | undefined {
  const path = join(above.path, name)
  const open = () => openIfPresent(at(above.fd, name), asFolder, path)
  let fd = open()
  if (fd === undefined) {
    if (!create) return undefined
    mkdirSync(at(above.fd, name), { mode: owner.uid === 0 ? 0o755 : 0o700 })
    fsyncSync(above.fd)
    fd = open() ?? unreachable()
  }
  if (fstatSync(fd).uid === owner.uid) return { fd, path }
  closeSync(fd)
  throw new UnsafePath(`Refusing to write: ${path} is not owned by ${owner.name}`)
}

/** Undefined when there is nothing. What O_NOFOLLOW and O_DIRECTORY refuse is an UnsafePath. */
function openIfPresent(path: string, flags: number, shown: string): number | undefined {
  try {
    return openSync(path, flags)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (isErrno(error, 'ELOOP', 'ENOTDIR', 'ENXIO')) {
      const isLink = ignoring(['ENOENT'], () => lstatSync(path).isSymbolicLink()) ?? false
      throw new UnsafePath(`Refusing to write: ${shown} is ${isLink ? 'a symlink' : 'not what it should be'}`)
    }
    throw error
  }
}

function demandFile(status: Stats, path: string, owner: Owner): void {
  if (!status.isFile()) throw new UnsafePath(`Refusing to write: ${path} is not a regular file`)
  // One of root's, as `sudo tee` leaves it, may be replaced: the folder is the owner's, and so will be the new file.
  if (status.uid !== owner.uid && status.uid !== 0) {
    throw new UnsafePath(`Refusing to write: ${path} is not owned by ${owner.name} or root`)
  }
  if (status.size > largestFile) throw new UnsafePath(`Refusing to read: ${path} is larger than ${largestFile} bytes`)
}

/** A file system that a user's own program serves could keep us waiting for ever. */
function demandNoForeignMount(path: string): void {
  for (const line of (readTextIfPresent('/proc/self/mountinfo') ?? '').split('\n')) {
    const mountPoint = line.split(' ')[4] ?? ''
    const isServedByUser = /^fuse(\.|$)/.test(line.split(' - ')[1]?.split(' ')[0] ?? '') && !/allow_other/.test(line)
    const isOnTheWay = mountPoint === path || mountPoint.startsWith(`${path}/`)
    if (isServedByUser && isOnTheWay) throw new UnsafePath(`Refusing to write: ${mountPoint} is served by a program`)
  }
}

/**
 * Runs `work`, which must not wait for anything, with the rights of a user. The real user id stays root's, so the user
 * can neither signal nor trace this process.
 */
function withRightsOf<T>({ uid, gid }: Owner, work: () => T): T {
  const { getgroups, setgroups, setegid, seteuid } = process
  if (!getgroups || !setgroups || !setegid || !seteuid) throw new Error('this is no Unix')
  if (uid === 0) return work()
  const groups = getgroups()
  setgroups([gid])
  setegid(gid)
  seteuid(uid)
  try {
    return work()
  } finally {
    seteuid(0)
    setegid(0)
    setgroups(groups)
  }
}

function ignoring<T>(codes: readonly string[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isErrno(error, ...codes)) return undefined
    throw error
  }
}

function unreachable(): never {
  throw new Error('a folder that was opened is not there')
}
