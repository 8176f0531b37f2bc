import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import { behind, compareNames, type StoredBlob } from '../../../store/blobs.ts'
import { inContainer, reads, tagActions } from '../access.ts'
import { xmlOf } from '../answer.ts'
import { type BlobItem, blobXml, endpointOf, nameXml } from '../list-xml.ts'
import { included, largestPortion, markerOf, maxResults, mostRead, positionIn } from '../paging.ts'
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
    const item: BlobItem = {
      defaultTier: accessTier,
      now: cx.now,
      metadata: include.has('metadata'),
      tags: include.has('tags'),
      copy: include.has('copy'),
    }
    const wish: Wish = {
      ...{ prefix, delimiter, limit, item },
      after: position && { name: position.name ?? '', snapshot: position.snapshot },
      snapshots: include.has('snapshots'),
      deleted: include.has('deleted'),
      uncommitted: include.has('uncommittedblobs'),
    }
    const echoed = [
      prefix === '' ? '' : element('Prefix', prefix),
      element('Marker', searchParams.get('marker') ?? undefined),
      element('MaxResults', limit),
      delimiter === '' ? '' : element('Delimiter', delimiter),
    ]
    const head = `<EnumerationResults ServiceEndpoint="${endpointOf(cx)}" ContainerName="${escaped(container.name)}">${echoed.join('')}<Blobs>`
    return xmlOf(enumerated(head, pageOf(cx, container, wish)))
  },
})

/** What a page returns at the end is where the next one begins. */
async function* enumerated(head: string, page: AsyncGenerator<string, string | undefined>): AsyncGenerator<string> {
  yield head
  const next = yield* page
  yield `</Blobs>${element('NextMarker', next ?? '')}</EnumerationResults>`
}

type Wish = {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
  readonly after: { readonly name: string; readonly snapshot?: string | undefined } | undefined
  readonly snapshots: boolean
  readonly deleted: boolean
  readonly uncommitted: boolean
  readonly item: BlobItem
}

const smallestPortion = 2

/**
 * Names in order, and those that share what stands before the delimiter as one. When a portion ends below such a prefix,
 * the index is entered anew behind it, so what is below costs nothing however much it is. Portions begin small for the
 * same reason.
 */
async function* pageOf(
  cx: Context<'read'>,
  container: BlobContainer,
  wish: Wish,
): AsyncGenerator<string, string | undefined> {
  const { prefix, delimiter, limit } = wish
  let { after } = wish
  let portion = Math.min(delimiter === '' ? largestPortion : smallestPortion, limit + 1)
  for (let shown = 0, hidden = 0; hidden < mostRead(limit); ) {
    const found = await portionOf(cx, container, { ...wish, after, limit: portion })
    let below: string | undefined
    let text = ''
    for (const blob of found) {
      if (below !== undefined && blob.name.startsWith(below)) continue
      below = undefined
      if (isShown(blob, wish)) {
        // There is more: the last entry is what the next page begins behind.
        if (shown === limit) {
          yield text
          return after && markerOf(position(after))
        }
        below = sharedBy(blob.name, prefix, delimiter)
        text += below === undefined ? blobXml(blob, wish.item) : prefixXml(below)
        shown += 1
      } else hidden += 1
      after = below === undefined ? blob : { name: behind(below) }
    }
    yield text
    if (found.length < portion) return undefined
    portion = below === undefined ? Math.min(largestPortion, portion * 2) : Math.min(smallestPortion, limit + 1)
  }
  return after && markerOf(position(after))
}

const isShown = ({ deletedAt }: StoredBlob, wish: Wish) => wish.deleted || deletedAt === undefined

const prefixXml = (prefix: string) => `<BlobPrefix>${nameXml(prefix)}</BlobPrefix>`

/** What a name shares with others, up to and with the delimiter. */
function sharedBy(name: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
  return end < 0 ? undefined : name.slice(0, end + delimiter.length)
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
  const more = names
    .filter(name => !committed.has(name) && (last === undefined || compareNames(name, last) < 0))
    .map((name): StoredBlob => ({ ...uncommittedBlob, name }))
  return [...blobs, ...more].sort((a, b) => compareNames(a.name, b.name)).slice(0, limit)
}

const uncommittedBlob = {
  kind: 'BlockBlob',
  etag: '',
  length: 0,
  createdAt: 0,
  changedAt: 0,
  headers: {},
  metadata: {},
} as const satisfies Omit<StoredBlob, 'name'>
