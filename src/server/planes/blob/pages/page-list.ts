import { operation } from '../../../door/operation.ts'
import type { Piece, Range } from '../../../store/contents.ts'
import { reads } from '../access.ts'
import { validators, xml } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { containerOf, existingBlob } from '../place.ts'
import { rangeOf } from '../range.ts'
import * as refusals from '../refusals.ts'
import { element } from '../xml.ts'

/** Which pages have been written; with `prevsnapshot`, which of them since then. */
export const getPageRanges = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  route: 'GET /:account/:container/:blob*',
  query: 'comp=pagelist',
  access: reads('getBlob'),
  async run(cx) {
    const container = await containerOf(cx, cx.store)
    const blob = await existingBlob(cx, cx.store, container)
    checkRead(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
    checkConditions(cx.request.headers, blob, 'read')
    if (blob.kind !== 'PageBlob') throw refusals.invalidBlobType()
    const range = rangeOf(cx.request.headers, blob.length) ?? { from: 0, length: blob.length }
    const piecesOf = (content = '') => cx.store.contents.pieces(cx.grant, content, range)
    const now = await piecesOf(blob.content)
    const time = cx.url.searchParams.get('prevsnapshot')
    const previous = time === null ? undefined : await cx.store.blobs.get(cx.grant, container, blob.name, time)
    if (time !== null && !previous) throw refusals.blobNotFound()
    const ranges = previous
      ? changes(now, await piecesOf(previous.content), range)
      : now.map(piece => ({ tag: 'PageRange', from: piece.at, to: piece.at + piece.length }))
    const shown = merged(ranges.map(one => clipped(one, range)).filter(one => one.from < one.to))
    const items = shown.map(
      ({ tag, from, to }) => `<${tag}>${element('Start', from)}${element('End', to - 1)}</${tag}>`,
    )
    return xml(200, `<PageList>${items.join('')}</PageList>`, {
      ...validators(blob),
      'x-ms-blob-content-length': blob.length,
    })
  },
})

type Span = { readonly tag: string; readonly from: number; readonly to: number }

const clipped = ({ tag, from, to }: Span, range: Range): Span => ({
  tag,
  from: Math.max(from, range.from),
  to: Math.min(to, range.from + range.length),
})

function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const span of spans) {
    const last = all.at(-1)
    if (last && last.to === span.from && last.tag === span.tag) all[all.length - 1] = { ...last, to: span.to }
    else all.push(span)
  }
  return all
}

/** Between any two borders of pieces, old or new, the bytes have one origin each: they are the same, or not. */
function changes(now: readonly Piece[], then: readonly Piece[], range: Range): Span[] {
  const borders = new Set([...now, ...then].flatMap(({ at, length }) => [at, at + length]))
  const sorted = [...borders, range.from, range.from + range.length].sort((a, b) => a - b)
  return sorted.slice(0, -1).flatMap((from, i) => {
    const to = sorted[i + 1] ?? from
    const [here, before] = [pieceOver(now, from), pieceOver(then, from)]
    if (isSame(here, before, from, to)) return []
    return [{ tag: here ? 'PageRange' : 'ClearRange', from, to }]
  })
}

const pieceOver = (pieces: readonly Piece[], at: number) =>
  pieces.find(piece => piece.at <= at && at < piece.at + piece.length)

function isSame(a: Piece | undefined, b: Piece | undefined, from: number, to: number): boolean {
  if (!a || !b) return a === b
  if ('bytes' in a || 'bytes' in b) {
    if (!('bytes' in a && 'bytes' in b)) return false
    return Buffer.compare(a.bytes.subarray(from - a.at, to - a.at), b.bytes.subarray(from - b.at, to - b.at)) === 0
  }
  return a.extent === b.extent && a.extentAt - a.at === b.extentAt - b.at
}
