import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isErrno, makeFolderDurably, syncFolder } from '../store/durable-file.ts'
import { StorageUnavailable } from '../store/open.ts'
import { ExtentMissing, type Extents, isExtentId, newExtentId, type WrittenExtent } from './extents.ts'

/** A file for each extent, in 256 folders by the first two digits of its id. */
export function localExtents(folder: string): Extents {
  const held = new Set<string>()
  const made = new Set<string>()
  const pathOf = (id: string) => join(folder, id.slice(0, 2), id)

  async function newFile(id: string): Promise<FileHandle> {
    const shard = dirname(pathOf(id))
    if (!made.has(shard)) await makeFolderDurably(shard, { mode: 0o700 })
    made.add(shard)
    // Under its final name at once: nothing knows the id yet, and until a row does, the file is nothing.
    return open(pathOf(id), 'wx', 0o600)
  }

  return {
    async write(bytes) {
      const id = newExtentId()
      held.add(id)
      try {
        const file = await newFile(id).catch(unavailable)
        try {
          return { id, length: await fill(file, bytes) }
        } finally {
          await file.close()
        }
      } catch (error) {
        held.delete(id)
        await rm(pathOf(id), { force: true })
        throw error
      } finally {
        await syncFolder(dirname(pathOf(id))).catch(unavailable)
      }
    },

    async *read(id, { from, length }) {
      const file = await open(pathOf(id), 'r').catch(error => {
        throw isErrno(error, 'ENOENT') ? new ExtentMissing(id) : error
      })
      try {
        for (let at = from; at < from + length; ) {
          const wanted = Math.min(pieceSize, from + length - at)
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at)
          if (bytesRead === 0) throw new ExtentMissing(`${id} ends at ${at}`)
          at += bytesRead
          yield bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead)
        }
      } finally {
        await file.close()
      }
    },

    release(id) {
      held.delete(id)
    },

    async *idleFor(ms, signal) {
      for (const shard of await namesIn(folder)) {
        const idle: string[] = []
        for (const id of await namesIn(join(folder, shard))) {
          if (signal?.aborted) return
          if (held.has(id) || !isExtentId(id)) continue
          // One may go at any moment: its upload has failed, or was refused.
          const mtimeMs = (await ifThere(stat(pathOf(id))))?.mtimeMs
          if (mtimeMs !== undefined && Date.now() - mtimeMs >= ms && !held.has(id)) idle.push(id)
        }
        if (idle.length > 0) yield idle
      }
    },

    remove: id => rm(pathOf(id), { force: true }),
  }
}

/** Read at once: enough that the calls around it do not count, little enough for many readers. */
const pieceSize = 256 * 1024
/** Gathered before they are written: the network brings them in portions of some KiB. */
const writeSize = 512 * 1024

async function fill(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<WrittenExtent['length']> {
  let length = 0
  let waiting: Uint8Array[] = []
  let waitingLength = 0
  const writeOut = async () => {
    if (waitingLength === 0) return
    const [portions, size] = [waiting, waitingLength]
    waiting = []
    waitingLength = 0
    const { bytesWritten } = await file.writev(portions).catch(unavailable)
    // Fewer only when the disk is full, and the next call would say so.
    if (bytesWritten !== size) throw new StorageUnavailable('the disk took only a part of what was written')
  }
  for await (const portion of bytes) {
    length += portion.length
    waiting.push(portion)
    waitingLength += portion.length
    if (waitingLength >= writeSize) await writeOut()
  }
  await writeOut()
  await file.sync().catch(unavailable)
  return length
}

function unavailable(cause: unknown): never {
  throw new StorageUnavailable('the content could not be written', { cause })
}

const namesIn = async (folder: string) => (await ifThere(readdir(folder))) ?? []

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
