import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import type { Range } from '../../../store/contents.ts'
import { reads } from '../access.ts'
import { validators, xml } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { markerOf, positionIn } from '../paging.ts'
import { containerOf, existingBlob } from '../place.ts'
import { rangeOf } from '../range.ts'
import * as refusals from '../refusals.ts'
import { element } from '../xml.ts'
import { changedRanges, type PageRange, writtenRanges } from './changed-ranges.ts'

const most = 10_000
/** Of the first version that has them in pages; to older ones all are told at once. */
const firstPaged = '2020-10-02'

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
    const previous = await previousSnapshot(cx, container, blob)
    const range = goneOnFrom(cx.url, rangeOf(cx.request.headers, blob.length) ?? { from: 0, length: blob.length })
    const contentOf = ({ content = '' }: StoredBlob) => ({ store: cx.store, grant: cx.grant, content, range })
    const ranges = previous ? changedRanges(contentOf(blob), contentOf(previous)) : writtenRanges(contentOf(blob))
    const { items, next } = await page(ranges, mostOf(cx))
    return xml(200, `<PageList>${items}${element('NextMarker', next)}</PageList>`, {
      ...validators(blob),
      'x-ms-blob-content-length': blob.length,
    })
  },
})

async function page(ranges: AsyncIterable<PageRange>, limit: number): Promise<{ items: string; next?: string }> {
  let items = ''
  let count = 0
  for await (const { tag, from, to } of ranges) {
    if (count++ === limit) return { items, next: markerOf({ at: String(from) }) }
    items += `<${tag}>${element('Start', from)}${element('End', to - 1)}</${tag}>`
  }
  return { items }
}

/** The snapshot that `prevsnapshot` names, or the address in `x-ms-previous-snapshot-url`. Throws 400 or 409. */
async function previousSnapshot(
  cx: Context<'read'>,
  container: BlobContainer,
  blob: StoredBlob,
): Promise<StoredBlob | undefined> {
  const time = previousTime(cx)
  if (time === undefined) return undefined
  if (blob.snapshot !== undefined && time > blob.snapshot) throw refusals.previousSnapshotNewer()
  const previous = await cx.store.blobs.get(cx.grant, container, blob.name, { snapshot: time })
  if (!previous || previous.deletedAt !== undefined) throw refusals.previousSnapshotNotFound()
  return previous
}

function previousTime({ url, request }: Context<'read'>): string | undefined {
  const time = url.searchParams.get('prevsnapshot')
  if (time !== null) {
    if (!isTime(time)) throw refusals.invalidQuery('prevsnapshot', time)
    return time
  }
  const header = 'x-ms-previous-snapshot-url'
  const text = request.headers.get(header)
  if (text === null) return undefined
  const named = URL.canParse(text) ? new URL(text) : undefined
  const ofHere = named?.host === url.host && named.pathname === url.pathname
  const snapshot = named?.searchParams.get('snapshot')
  if (!ofHere || !snapshot || !isTime(snapshot)) throw refusals.invalidHeader(header, text.slice(0, 2048))
  return snapshot
}

const isTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/.test(text)

/** What is left of a range from where the list before has ended. Throws 400. */
function goneOnFrom(url: URL, range: Range): Range {
  const at = positionIn(url)?.at
  if (at === undefined) return range
  const from = Number(at)
  const end = range.from + range.length
  if (!Number.isSafeInteger(from) || from < range.from || from > end)
    throw refusals.invalidQuery('marker', url.searchParams.get('marker') ?? '')
  return { from, length: end - from }
}

/** Throws 400. */
function mostOf({ url, request }: Context<'read'>): number {
  const text = url.searchParams.get('maxresults')
  if (text === null || text === '')
    return (request.headers.get('x-ms-version') ?? '') >= firstPaged ? most : Number.POSITIVE_INFINITY
  if (!/^\d{1,10}$/.test(text)) throw refusals.invalidQuery('maxresults', text)
  if (Number(text) < 1) throw refusals.queryOutOfRange('maxresults', text, 1, most)
  return Math.min(Number(text), most)
}
