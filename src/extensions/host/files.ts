/**
 * Files in folders that only root can write to. What users can write to is for user-files.ts: here paths are followed.
 */

import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findProgram, type Run } from './run.ts'

/** A regular file, whole: what it takes to put it back exactly. */
export type StoredFile = { readonly content: Buffer; readonly mode: number; readonly uid: number; readonly gid: number }

export type Attributes = { readonly mode: number; readonly uid?: number; readonly gid?: number }

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Undefined when there is nothing at `path`. Throws for anything that is not a regular file, also for a link to one. */
export function readStored(path: string): StoredFile | undefined {
  const status = statIfPresent(path)
  if (!status) return undefined
  if (!status.isFile()) throw new Error(`${path} is not a regular file`)
  return { content: readFileSync(path), mode: status.mode & 0o7777, uid: status.uid, gid: status.gid }
}

/** Undefined when there is nothing at `path`. A symbolic link is not followed. */
export function statIfPresent(path: string) {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Whether a folder is on a file system that nobody can write to. */
export function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    return isErrno(error, 'EROFS')
  }
}

/** The text of a file, or undefined when there is none. Links are followed: this is for reading only. */
export function readTextIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/**
 * Replaces `path` in one step. When it returns, the content survives a power cut; whenever it fails or is killed,
 * readers still see the old file, whole. `like` is a file whose access control list and security label it shall have.
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  { mode, uid = 0, gid = 0 }: Attributes,
  like?: { readonly path: string; readonly run: Run },
): Promise<void> {
  // sudo and sshd pass over names that begin with a dot or end in a tilde, should a draft be left by a power cut.
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}~`)
  try {
    writeDraft(draft, content)
    if (like && statIfPresent(like.path)) await copyAttributes(like.path, draft, like.run)
    chownSync(draft, uid, gid)
    chmodSync(draft, mode)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Removes a file, durably. Does nothing when there is none. */
export function removeDurably(path: string): void {
  rmSync(path, { force: true })
  if (statIfPresent(dirname(path))) syncFolder(dirname(path))
}

/** Makes a folder and its missing parents so that they survive a power cut. One that exists stays as it is. */
export function makeFolder(path: string, { mode }: { mode: number }): void {
  if (statIfPresent(path)) return
  makeFolder(dirname(path), { mode: 0o755 })
  mkdirSync(path, { mode })
  chmodSync(path, mode)
  syncFolder(dirname(path))
}

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** How a change record names content. */
export function contentHash(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function writeDraft(draft: string, content: string | Uint8Array): void {
  const file = openSync(draft, 'wx', 0o600)
  try {
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fchownSync(file, 0, 0)
    fchmodSync(file, 0o600)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Access control lists and labels are extended attributes, which Node cannot copy; busybox's cp cannot either. */
async function copyAttributes(from: string, to: string, run: Run): Promise<void> {
  if (!findProgram('cp')) return
  const everything = ['--attributes-only', '--preserve=mode,ownership,xattr', '--no-preserve=timestamps']
  await run('cp', [...everything, '--', from, to], { anyExit: true })
}
