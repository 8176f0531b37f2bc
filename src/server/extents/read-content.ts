import type { Grant } from '../access/grant.ts'
import type { Piece, Range, Span } from '../store/contents.ts'
import type { Store } from '../store/open.ts'
import type { Extents } from './extents.ts'

/** What had the content got another one after it was looked at: who wants the bytes has to look again. */
export class ContentReplaced extends Error {}

/** Looks anew, a few times, when what was found has been replaced before it could be read. */
export async function lookedAtAnew<T>(look: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await look(attempt)
    } catch (error) {
      if (!(error instanceof ContentReplaced) || attempt === 9) throw error
    }
  }
}

/** What is known of a content in advance: where the pieces are, for some GiB of long ones; and bytes of short ones. */
const spansAtOnce = 4_096
const piecesAtOnce = 64

type Wanted = {
  readonly content: string
  readonly range: Range
  /** Whether there are zeroes where there is no piece. */
  readonly sparse: boolean
}

/**
 * The bytes of a part of a content, as they are read. However many pieces it has, only a few are in memory. What is known
 * of it when the promise resolves stays readable for a while after it has been removed; beyond that the bytes break off
 * then. Throws `ContentReplaced`.
 */
export async function readContent(
  { store, extents }: { store: Pick<Store, 'contents'>; extents: Pick<Extents, 'read'> },
  grant: Grant,
  { content, range, sparse }: Wanted,
): Promise<AsyncIterable<Uint8Array>> {
  const end = range.from + range.length
  const spansFrom = (from: number) => store.contents.spans(grant, content, { from, length: end - from }, spansAtOnce)
  let loaded: Piece[] = []

  /** The piece that a span tells of, with its bytes; those behind it are loaded along with it. */
  async function withBytes(span: Span): Promise<Piece | undefined> {
    if ('extent' in span) return span
    if (!loaded.some(({ at }) => at === span.at)) {
      const behind = { from: span.at, length: end - span.at }
      loaded = await store.contents.pieces(grant, content, behind, piecesAtOnce)
    }
    while (loaded[0] && loaded[0].at < span.at) loaded.shift()
    const [piece] = loaded
    if (piece?.at === span.at && piece.length === span.length) return piece
    loaded = []
    return undefined
  }

  async function* inOrder(known: Span[]): AsyncGenerator<Uint8Array> {
    let at = range.from
    for (let spans = known; ; spans = await spansFrom(at)) {
      let isStale = false
      for (const span of spans) {
        const from = Math.max(span.at, at)
        const to = Math.min(span.at + span.length, end)
        if (to <= from) continue
        if (from > at && !sparse) throw new ContentReplaced()
        const piece = await withBytes(span)
        if (!piece) {
          isStale = true
          break
        }
        yield* zeroes(from - at)
        yield* partOf(extents, piece, from - piece.at, to - from)
        at = to
      }
      if (isStale && !sparse) throw new ContentReplaced()
      if (!isStale && spans.length < spansAtOnce) break
    }
    if (at < end && !sparse) throw new ContentReplaced()
    yield* zeroes(end - at)
  }

  if (range.length === 0) return nothing()
  const known = await spansFrom(range.from)
  if (!sparse && !isCovered(known, range)) throw new ContentReplaced()
  const [first] = known
  if (first) await withBytes(first)
  return inOrder(known)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** As far as is known: with as many spans as are asked for at once, there are more behind them. */
function isCovered(spans: readonly Span[], { from, length }: Range): boolean {
  const [first, last] = [spans[0], spans.at(-1)]
  if (!first || !last || first.at > from) return false
  return spans.length === spansAtOnce || last.at + last.length >= from + length
}

async function* partOf(
  extents: Pick<Extents, 'read'>,
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
