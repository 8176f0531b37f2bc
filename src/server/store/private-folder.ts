import { chmod, readdir, stat } from 'node:fs/promises'
import { makeFolderDurably } from './durable-file.ts'
import { databaseFile } from './sqlite.ts'

/**
 * Makes the data directory, for its owner alone: what lies in it opens everything. One that exists is made private when
 * it is empty or holds our database. Throws when it is somebody else's, who could put things in our way, and when other
 * things are in it that other users may need.
 */
export async function makePrivateFolder(path: string, user = process.geteuid?.()): Promise<void> {
  await makeFolderDurably(path, { mode: 0o700 })
  const { uid, mode } = await stat(path)
  if (user !== undefined && uid !== user) {
    throw new Error(
      `${path} belongs to another user (${uid}), who could read and change what is in it. Take another data directory (--data DIR).`,
    )
  }
  if ((mode & 0o077) === 0) return
  const entries = await readdir(path)
  if (entries.length > 0 && !entries.includes(databaseFile)) {
    throw new Error(
      `Other users may read ${path}, and there is something in it that is not Lazuli's. Take another data directory (--data DIR), or close this one: chmod 700 ${path}`,
    )
  }
  await chmod(path, 0o700)
}
