/**
 * Copies of what is about to be changed, so that it can be put back to the byte: of a run that fails, and, for sshd's
 * configuration, whenever an operator asks for it. One folder for each run, named by its time.
 */

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  contentHash,
  makeFolder,
  readStored,
  readTextIfPresent,
  removeDurably,
  statIfPresent,
  writeDurably,
} from './files.ts'
import type { Run } from './run.ts'

/** Where the copy of a file is, and all that is needed to put it back. `copy` is undefined when there was no file. */
export type Kept = {
  readonly path: string
  readonly copy: string | undefined
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly hash: string | undefined
}

export type Backups = ReturnType<typeof openBackups>

/** Runs of which everything is kept. The files of sshd are kept longer where they are the way back to the original. */
const generationsKept = 20

export function openBackups(folder: string, id: string, run: Run) {
  const own = join(folder, id)
  let count = 0

  /** Copies content that was read from `path`; `like` names the file itself where root may follow its path. */
  async function put(path: string, content: Buffer, like?: string): Promise<Pick<Kept, 'path' | 'copy' | 'hash'>> {
    makeFolder(own, { mode: 0o700 })
    const copy = join(own, `${String(count++).padStart(3, '0')}${path.replaceAll('/', '_')}`)
    await writeDurably(copy, content, { mode: 0o600 }, like === undefined ? undefined : { path: like, run })
    return { path, copy, hash: contentHash(content) }
  }

  return {
    id,
    /** Copies the file at `path`, with its access control list and label. */
    async keep(path: string): Promise<Kept> {
      const stored = readStored(path)
      if (!stored) return { path, copy: undefined, mode: 0, uid: 0, gid: 0, hash: undefined }
      const { mode, uid, gid } = stored
      return { ...(await put(path, stored.content, path)), mode, uid, gid }
    },
    /** Copies what was read with somebody else's rights. */
    keepContent: async (path: string, content: Buffer, mode: number): Promise<Kept> => ({
      ...(await put(path, content)),
      ...{ mode, uid: 0, gid: 0 },
    }),
    /** Puts a file back as it was, or removes it when there was none. */
    async restore({ path, copy, mode, uid, gid }: Kept): Promise<void> {
      if (copy === undefined) return removeDurably(path)
      const stored = readStored(copy)
      if (!stored) throw new Error(`the backup ${copy} is gone`)
      const now = readStored(path)
      const isSame = now?.content.equals(stored.content) && now.mode === mode && now.uid === uid && now.gid === gid
      // What kept a step from changing the file may keep us from writing it, too.
      if (isSame) return
      await writeDurably(path, stored.content, { mode, uid, gid }, { path: copy, run })
    },
    /** Remembers that these files together were sshd's configuration before the run, which the first of its steps sees. */
    async nameSshGeneration(files: readonly Kept[]): Promise<void> {
      if (hasSsh(folder, id)) return
      makeFolder(own, { mode: 0o700 })
      await writeDurably(join(own, 'ssh.json'), JSON.stringify(files), { mode: 0o600 })
    },
    /** The newest of all generations of sshd's files, and the oldest since the last restore: the original. */
    sshOriginal(): { id: string; files: Kept[] } | undefined {
      const restored = readTextIfPresent(join(folder, 'ssh-restored'))?.trim() ?? ''
      const original = generations(folder).find(one => one > restored && one !== id && hasSsh(folder, one))
      if (original === undefined) return undefined
      const files: Kept[] = JSON.parse(readTextIfPresent(join(folder, original, 'ssh.json')) ?? '[]')
      return { id: original, files }
    },
    /** A file that says up to which generation sshd's files have been restored. */
    restoredMarker: join(folder, 'ssh-restored'),
    /** Removes what is older than anybody will ask for. */
    prune(): void {
      const original = this.sshOriginal()?.id
      const old = generations(folder).slice(0, -generationsKept)
      for (const one of old) if (one !== original) rmSync(join(folder, one), { recursive: true, force: true })
    },
  }
}

const generations = (folder: string): string[] =>
  statIfPresent(folder)
    ? readdirSync(folder)
        .filter(name => /^\d{8}T\d{9}Z/.test(name))
        .sort()
    : []

const hasSsh = (folder: string, id: string) => statIfPresent(join(folder, id, 'ssh.json')) !== undefined

/** The name of a run's folder: sorts by time. */
export const backupId = (now: Date, sequence: number): string =>
  `${now.toISOString().replace(/[-:.]/g, '')}-${sequence}`
