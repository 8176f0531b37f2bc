import type { Grant } from '../../access/grant.ts'
import type { Parts } from '../../parts.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Piece, Range } from '../../store/contents.ts'

/** The blob was replaced after it was looked at: who wants its bytes has to look again. */
export class ContentReplaced extends Error {}

/**
 * The bytes of a part of a blob, as they are read; what they consist of is settled when the promise resolves, and stays
 * readable for a while after the blob has been replaced. Where a page blob has no piece, there are zeroes. Throws
 * `ContentReplaced`.
 */
export async function bytesOf(
  { store, extents }: Pick<Parts, 'store' | 'extents'>,
  grant: Grant,
  blob: StoredBlob,
  range: Range,
): Promise<AsyncIterable<Uint8Array>> {
  if (blob.content === undefined) return once((blob.bytes ?? new Uint8Array()).subarray(range.from, endOf(range)))
  const pieces = await store.contents.pieces(grant, blob.content, range)
  if (blob.kind !== 'PageBlob' && coveredBy(pieces, range) < range.length) throw new ContentReplaced()
  return inOrder(extents, pieces, range)
}

const endOf = ({ from, length }: Range) => from + length

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const coveredBy = (pieces: readonly Piece[], range: Range) =>
  pieces.reduce((sum, { at, length }) => {
    const overlap = Math.min(at + length, endOf(range)) - Math.max(at, range.from)
    return sum + Math.max(0, overlap)
  }, 0)

async function* inOrder(extents: Parts['extents'], pieces: readonly Piece[], range: Range): AsyncGenerator<Uint8Array> {
  let at = range.from
  for (const piece of pieces) {
    const from = Math.max(piece.at, at)
    const to = Math.min(piece.at + piece.length, endOf(range))
    if (to <= from) continue
    yield* zeroes(from - at)
    yield* partOf(extents, piece, from - piece.at, to - from)
    at = to
  }
  yield* zeroes(endOf(range) - at)
}

async function* partOf(
  extents: Parts['extents'],
  piece: Piece,
  from: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  if ('bytes' in piece) yield piece.bytes.subarray(from, from + length)
  else yield* extents.read(piece.extent, { from: piece.extentAt + from, length })
}

const zeroPortion = new Uint8Array(256 * 1024)

function* zeroes(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= zeroPortion.length) yield zeroPortion.subarray(0, left)
}
