import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import { behind, type StoredBlob } from '../../../store/blobs.ts'
import { inContainer, reads, tagActions } from '../access.ts'
import { xml } from '../answer.ts'
import { type BlobItem, blobXml, endpointOf, nameXml } from '../list-xml.ts'
import { included, markerOf, maxResults, positionIn } from '../paging.ts'
import { accountOf, containerOf } from '../place.ts'
import { element, escaped } from '../xml.ts'

const words = [
  ...(['snapshots', 'metadata', 'uncommittedblobs', 'copy', 'deleted', 'tags'] as const),
  // What there is none of here is in no list either.
  ...(['versions', 'deletedwithversions', 'immutabilitypolicy', 'legalhold', 'permissions'] as const),
]

export const listBlobs = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  route: 'GET /:account/:container',
  query: 'restype=container&comp=list',
  access: reads('listBlobs'),
  async run(cx) {
    const { searchParams } = cx.url
    const prefix = searchParams.get('prefix') ?? ''
    const delimiter = searchParams.get('delimiter') ?? ''
    const include = included(cx.url, words)
    if (include.has('tags')) await cx.authorize('read', tagActions.read, inContainer(cx.params), 'data')
    const limit = maxResults(cx.url)
    const position = positionIn(cx.url)
    const container = await containerOf(cx, cx.store)
    const { accessTier } = (await accountOf(cx)).rules
    const page = await pageOf(cx, container, {
      prefix,
      delimiter,
      limit,
      after: position && { name: position.name ?? '', snapshot: position.snapshot },
      snapshots: include.has('snapshots'),
      deleted: include.has('deleted'),
      uncommitted: include.has('uncommittedblobs'),
    })
    const item: BlobItem = {
      defaultTier: accessTier,
      now: cx.now,
      metadata: include.has('metadata'),
      tags: include.has('tags'),
      copy: include.has('copy'),
    }
    const items = page.entries.map(entry =>
      'prefix' in entry ? `<BlobPrefix>${nameXml(entry.prefix)}</BlobPrefix>` : blobXml(entry.blob, item),
    )
    const echoed = [
      prefix === '' ? '' : element('Prefix', prefix),
      element('Marker', searchParams.get('marker') ?? undefined),
      element('MaxResults', limit),
      delimiter === '' ? '' : element('Delimiter', delimiter),
    ]
    return xml(
      200,
      `<EnumerationResults ServiceEndpoint="${endpointOf(cx)}" ContainerName="${escaped(container.name)}">${echoed.join('')}<Blobs>${items.join('')}</Blobs>${element('NextMarker', page.next ?? '')}</EnumerationResults>`,
    )
  },
})

type Entry = { readonly blob: StoredBlob } | { readonly prefix: string }
type Wish = {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
  readonly after: { readonly name: string; readonly snapshot?: string | undefined } | undefined
  readonly snapshots: boolean
  readonly deleted: boolean
  readonly uncommitted: boolean
}

const largestPortion = 1000

/**
 * Names in order, and those that share what stands before the delimiter as one. Behind such a prefix the index is
 * entered anew, so what is below it costs nothing however much it is. Portions begin small for the same reason.
 */
async function pageOf(
  cx: Context<'read'>,
  container: BlobContainer,
  wish: Wish,
): Promise<{ entries: Entry[]; next: string | undefined }> {
  const { prefix, delimiter, limit } = wish
  const entries: Entry[] = []
  let { after } = wish
  let portion = delimiter === '' ? largestPortion : 8
  for (;;) {
    const want = Math.min(portion, limit + 1 - entries.length)
    const found = await portionOf(cx, container, { ...wish, after, limit: want })
    let jumped = false
    for (const blob of found) {
      const end = delimiter === '' ? -1 : blob.name.indexOf(delimiter, prefix.length)
      const shared = end < 0 ? undefined : blob.name.slice(0, end + delimiter.length)
      // The last entry is what the next page begins with.
      if (entries.length === limit) return { entries, next: after && markerOf(position(after)) }
      entries.push(shared === undefined ? { blob } : { prefix: shared })
      after = shared === undefined ? blob : { name: behind(shared) }
      jumped = shared !== undefined
      if (jumped) break
    }
    if (!jumped && found.length < want) return { entries, next: undefined }
    portion = jumped ? 8 : Math.min(largestPortion, portion * 2)
  }
}

const position = ({ name, snapshot }: { name: string; snapshot?: string | undefined }) => ({
  name,
  ...(snapshot === undefined ? {} : { snapshot }),
})

/** Blobs, and among them, when they are asked for, names for which there are only blocks so far. */
async function portionOf(
  { grant, store }: Context<'read'>,
  container: BlobContainer,
  wish: Wish,
): Promise<StoredBlob[]> {
  const blobs = await store.blobs.list(grant, container, wish)
  if (!wish.uncommitted) return blobs
  const { prefix, limit } = wish
  const names = await store.blobs.uncommitted(grant, container, { prefix, after: wish.after?.name ?? '', limit })
  const committed = new Set(blobs.map(({ name }) => name))
  const last = blobs.length === limit ? blobs.at(-1)?.name : undefined
  const more: StoredBlob[] = []
  for (const name of names) {
    if (committed.has(name) || (last !== undefined && name > last)) continue
    if (await store.blobs.get(grant, container, name)) continue
    more.push({ name, kind: 'BlockBlob', etag: '', length: 0, createdAt: 0, changedAt: 0, headers: {}, metadata: {} })
  }
  const byName = (a: StoredBlob, b: StoredBlob) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
  return [...blobs, ...more].sort(byName).slice(0, limit)
}
