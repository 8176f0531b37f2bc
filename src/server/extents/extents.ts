import { randomUUID } from 'node:crypto'

/**
 * Bytes that are too many for a row: written once, never changed, known by an id that nobody can guess. Whoever keeps
 * an id in the database, in the transaction after the write, makes the bytes part of something; what no row names is
 * swept away (`sweep.ts`). So a crash at any moment leaves either the whole content or nothing that can be seen.
 */
export type Extents = {
  /**
   * Takes in all of a stream and resolves when its bytes are on disk. Nothing is left when the stream, or the disk,
   * fails. The extent is held: it is not swept away until `release`, which its writer calls after the commit.
   */
  write(bytes: AsyncIterable<Uint8Array>): Promise<WrittenExtent>
  /** A part of the bytes, in pieces of a bounded size. Throws `ExtentMissing`. */
  read(id: string, range: { readonly from: number; readonly length: number }): AsyncIterable<Uint8Array>
  /** From here on only rows keep it. */
  release(id: string): void
  /**
   * Ids of extents that nothing has been written to for so long and nobody holds, in portions. A signal ends it at once,
   * with an error or not.
   */
  idleFor(ms: number, signal?: AbortSignal): AsyncIterable<readonly string[]>
  /** A signal gives it up, with an error: it may be removed or not. */
  remove(id: string, signal?: AbortSignal): Promise<void>
}

export type WrittenExtent = { readonly id: string; readonly length: number }

/** A row names an extent that is not there: a mistake of ours, or somebody has taken away files. */
export class ExtentMissing extends Error {}

export const newExtentId = () => randomUUID().replaceAll('-', '')

/** What else lies where extents are kept is not ours to sweep. */
export const isExtentId = (text: string) => /^[0-9a-f]{32}$/.test(text)
