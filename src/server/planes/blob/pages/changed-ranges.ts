import type { Grant } from '../../../access/grant.ts'
import type { Piece, Range, Span } from '../../../store/contents.ts'
import type { Store } from '../../../store/open.ts'

export type PageRange = { readonly tag: 'PageRange' | 'ClearRange'; readonly from: number; readonly to: number }

/** The part of a content that is looked at. */
type Look = {
  readonly store: Pick<Store, 'contents'>
  readonly grant: Grant
  readonly content: string
  readonly range: Range
}

/** The ranges that have been written, in order, as long as they can be. */
export const writtenRanges = (look: Look): AsyncIterable<PageRange> => joined(written(look))

async function* written({ store, grant, content, range }: Look): AsyncGenerator<PageRange> {
  const spans = inTurns(range, 4_096, rest => store.contents.spans(grant, content, rest, 4_096))
  for await (const { at, length } of spans) {
    const [from, to] = [Math.max(at, range.from), Math.min(at + length, endOf(range))]
    if (from < to) yield { tag: 'PageRange', from, to }
  }
}

/** The ranges of a content that are not what they were in an earlier one. */
export const changedRanges = (now: Look, then: Look): AsyncIterable<PageRange> => joined(changed(now, then))

/** Walks through both at once. Between any two borders of pieces the bytes have one origin in each of them. */
async function* changed(now: Look, then: Look): AsyncGenerator<PageRange> {
  const end = endOf(now.range)
  const [ofNow, ofThen] = [piecesOf(now), piecesOf(then)]
  let [here, before] = [await next(ofNow), await next(ofThen)]
  for (let at = now.range.from; at < end; ) {
    while (here && here.at + here.length <= at) here = await next(ofNow)
    while (before && before.at + before.length <= at) before = await next(ofThen)
    if (!here && !before) return
    const to = Math.min(end, borderBehind(here, at), borderBehind(before, at))
    const [a, b] = [over(here, at), over(before, at)]
    if (!isSame(a, b, at, to)) yield { tag: a ? 'PageRange' : 'ClearRange', from: at, to }
    at = to
  }
}

const next = async (pieces: AsyncGenerator<Piece>) => (await pieces.next()).value as Piece | undefined

const over = (piece: Piece | undefined, at: number) => (piece && piece.at <= at ? piece : undefined)

function borderBehind(piece: Piece | undefined, at: number): number {
  if (!piece) return Number.POSITIVE_INFINITY
  return piece.at > at ? piece.at : piece.at + piece.length
}

const piecesOf = ({ store, grant, content, range }: Look) =>
  inTurns(range, 64, rest => store.contents.pieces(grant, content, rest, 64))

/** So many at a time; between them others have their turn. */
async function* inTurns<One extends Span | Piece>(
  range: Range,
  most: number,
  read: (rest: Range) => Promise<One[]>,
): AsyncGenerator<One> {
  const end = endOf(range)
  for (let from = range.from; from < end; await new Promise(resolve => setImmediate(resolve))) {
    const some = await read({ from, length: end - from })
    for (const one of some) if (one.at + one.length > from) yield one
    const last = some.at(-1)
    if (!last || some.length < most) return
    from = last.at + last.length
  }
}

async function* joined(ranges: AsyncIterable<PageRange>): AsyncGenerator<PageRange> {
  let open: PageRange | undefined
  for await (const range of ranges) {
    if (open && open.to === range.from && open.tag === range.tag) {
      open = { ...open, to: range.to }
      continue
    }
    if (open) yield open
    open = range
  }
  if (open) yield open
}

const endOf = ({ from, length }: Range) => from + length

function isSame(a: Piece | undefined, b: Piece | undefined, from: number, to: number): boolean {
  if (!a || !b) return a === b
  if ('bytes' in a || 'bytes' in b) {
    if (!('bytes' in a && 'bytes' in b)) return false
    return Buffer.compare(a.bytes.subarray(from - a.at, to - a.at), b.bytes.subarray(from - b.at, to - b.at)) === 0
  }
  return a.extent === b.extent && a.extentAt - a.at === b.extentAt - b.at
}
