/**
 * A folder of the store, held open. Everything in it is reached through its descriptor, because a store may be where a
 * user can write: whatever the user swaps on the way to it, root's hands stay in the folder that was opened. Node has no
 * openat(2); a path through /proc is the same, also for a program that is started meanwhile.
 */

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { isErrno, makeFolder, statIfPresent } from '../../host/files.ts'
import { StoreFailure } from './failure.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

/** Called before each step that changes the disk, with its name: tests end the process there. */
export type BeforeStep = (step: string) => void

export type Folder = {
  readonly path: string
  /** A path to the folder itself that other programs can use, too. */
  readonly handle: string
  /** The text of root's own file; undefined when there is none, or something else. */
  read(name: string): string | undefined
  /**
   * Puts a file there in one step. `prepare` is called before the file has its name, with a path to it for other programs.
   */
  write(name: string, content: string, prepare: (path: string) => Promise<void>): Promise<void>
  /** Calls `work` with a path to root's own file, which cannot be swapped meanwhile; not at all where there is none. */
  withFile(name: string, work: (path: string) => Promise<void>): Promise<void>
  /** Where a link leads; undefined when there is none. Throws StoreFailure for what is no link. */
  linkTarget(name: string): string | undefined
  /** Makes a link or has it lead elsewhere, in one step. */
  link(name: string, target: string): void
  names(): string[]
  remove(name: string): void
  /** A folder in this one, made where it is missing. */
  inner(name: string): Folder
  close(): void
}

/** What is being made has such a name until it is whole. */
export const draftPattern = /^\.(?<of>.+)\.tmp-[0-9a-f]{12}$/
const draftOf = (name: string) => `.${name}.tmp-${randomBytes(6).toString('hex')}`

/** Opens the folder of a store, and makes it for root alone where there is none; one that exists stays as it is. */
export function openFolder(path: string, before: BeforeStep = () => undefined): Folder {
  before('make folder')
  makeFolder(path, { mode: 0o700 })
  return heldFolder(path, openSync(path, O_RDONLY | O_DIRECTORY), before)
}

function heldFolder(path: string, fd: number, before: BeforeStep): Folder {
  const at = (name: string) => `/proc/self/fd/${fd}/${name}`
  const shared = (file: number) => `/proc/${process.pid}/fd/${file}`

  const openOwn = (name: string) => openOwnFile(at(name))

  function moveIntoPlace(draft: string, name: string): void {
    before(`rename ${name}`)
    renameSync(at(draft), at(name))
    before(`sync ${name}`)
    fsyncSync(fd)
  }

  return {
    path,
    handle: shared(fd),
    read: name => readIfOwn(at(name)),
    async write(name, content, prepare) {
      const draft = draftOf(name)
      before(`create ${name}`)
      const file = openSync(at(draft), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
      try {
        const bytes = Buffer.from(content)
        before(`write ${name}`)
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
        fsyncSync(file)
        before(`prepare ${name}`)
        await prepare(shared(file))
        moveIntoPlace(draft, name)
      } catch (error) {
        rmSync(at(draft), { force: true })
        throw error
      } finally {
        closeSync(file)
      }
    },
    async withFile(name, work) {
      const file = openOwn(name)
      if (file === undefined) return
      try {
        await work(shared(file))
      } finally {
        closeSync(file)
      }
    },
    linkTarget(name) {
      const status = statIfPresent(at(name))
      if (!status) return undefined
      if (status.isSymbolicLink()) return readlinkSync(at(name))
      throw new StoreFailure(`${path}/${name} is in the way: it is not a link, and is left alone`)
    },
    link(name, target) {
      const draft = draftOf(name)
      before(`create ${name}`)
      symlinkSync(target, at(draft))
      try {
        moveIntoPlace(draft, name)
      } catch (error) {
        rmSync(at(draft), { force: true })
        throw error
      }
    },
    names: () => readdirSync(at('.')),
    remove: name => rmSync(at(name), { recursive: true, force: true }),
    inner(name) {
      makeFolder(at(name), { mode: 0o700 })
      if (!lstatSync(at(name)).isDirectory())
        throw new StoreFailure(`${path}/${name} is in the way: it is not a folder, and is left alone`)
      return heldFolder(`${path}/${name}`, openSync(at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW), before)
    },
    close: () => closeSync(fd),
  }
}

/** Undefined for what is not a file of root's, of one name. */
function openOwnFile(path: string): number | undefined {
  const file = openIfFile(path)
  if (file === undefined) return undefined
  const status = fstatSync(file)
  if (status.isFile() && status.uid === process.getuid?.() && status.nlink === 1) return file
  closeSync(file)
  return undefined
}

function readIfOwn(path: string): string | undefined {
  const file = openOwnFile(path)
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** The text of root's own file, wherever it is; whoever can write there could have put a pipe in its place. */
export function readOwnFile(path: string): string {
  const text = readIfOwn(path)
  if (text === undefined) throw new StoreFailure(`${path} is no file of ours`)
  return text
}

/** Without O_NONBLOCK, a pipe in place of the file would hold us for ever. */
function openIfFile(path: string): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP', 'ENXIO')) return undefined
    throw error
  }
}
