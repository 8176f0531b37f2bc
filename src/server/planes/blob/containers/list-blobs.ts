import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import { type BlobPosition, behind, compareNames, positionOf, type StoredBlob } from '../../../store/blobs.ts'
import { inContainer, reads, tagActions } from '../access.ts'
import { xmlOf } from '../answer.ts'
import { type BlobItem, blobXml, endpointOf, type ListedBlob, nameXml } from '../list-xml.ts'
import { included, largestPortion, markerOf, maxResults, mostRead, positionIn } from '../paging.ts'
import { accountOf, containerOf } from '../place.ts'
import { element, escaped } from '../xml.ts'

const words = [
  ...(['snapshots', 'metadata', 'uncommittedblobs', 'copy', 'deleted', 'tags', 'versions'] as const),
  'deletedwithversions' as const,
  // What there is none of here is in no list either.
  ...(['immutabilitypolicy', 'legalhold', 'permissions'] as const),
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
      after: position && { name: position.name ?? '', place: position.place },
      snapshots: include.has('snapshots'),
      versions: include.has('versions'),
      versionsOnly: include.has('deletedwithversions') && !include.has('versions'),
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
  readonly after: BlobPosition | undefined
  readonly snapshots: boolean
  readonly versions: boolean
  /** Whether a blob that is gone and has versions is shown as one entry. */
  readonly versionsOnly: boolean
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
  const goneOf = goneIn(cx, container)
  let { after } = wish
  let gone: string | undefined
  let portion = Math.min(delimiter === '' ? largestPortion : smallestPortion, limit + 1)
  for (let shown = 0, hidden = 0; hidden < mostRead(limit); ) {
    const found = await portionOf(cx, container, { ...wish, after, limit: portion })
    let below: string | undefined
    let text = ''
    for (const row of found) {
      if ((below !== undefined && row.name.startsWith(below)) || row.name === gone) continue
      below = undefined
      const blob: ListedBlob | undefined =
        row.isPrevious && wish.versionsOnly ? await goneOf(row) : isShown(row, wish) ? row : undefined
      if (blob) {
        // There is more: the last entry is what the next page begins behind.
        if (shown === limit) {
          yield text
          return after && marker(after)
        }
        below = sharedBy(blob.name, prefix, delimiter)
        text += below === undefined ? blobXml(blob, wish.item) : prefixXml(below)
        shown += 1
      } else hidden += 1
      if (blob?.hasVersionsOnly) gone = blob.name
      after = below !== undefined ? { name: behind(below) } : gone === row.name ? { name: gone } : positionOf(row)
    }
    yield text
    if (found.length < portion) return undefined
    portion = below === undefined ? Math.min(largestPortion, portion * 2) : Math.min(smallestPortion, limit + 1)
  }
  return after && marker(after)
}

const isShown = ({ deletedAt }: StoredBlob, wish: Wish) => wish.deleted || deletedAt === undefined

/** What a list shows of a blob that has versions and is gone, asked with each of these; of others, nothing. */
function goneIn({ grant, store }: Context<'read'>, container: BlobContainer) {
  let known: string | undefined
  return async ({ name }: StoredBlob): Promise<ListedBlob | undefined> => {
    if (name === known) return undefined
    known = name
    const current = await store.blobs.get(grant, container, name)
    if (current && current.deletedAt === undefined) return undefined
    return asGone(await store.blobs.latestVersion(grant, container, name))
  }
}

/** Under its name alone, and with what there is to tell of the latest version. */
function asGone(latest: StoredBlob | undefined): ListedBlob | undefined {
  if (!latest) return undefined
  const { version: _version, isPrevious: _isPrevious, ...blob } = latest
  return { ...blob, hasVersionsOnly: true }
}

const prefixXml = (prefix: string) => `<BlobPrefix>${nameXml(prefix)}</BlobPrefix>`

/** What a name shares with others, up to and with the delimiter. */
function sharedBy(name: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
  return end < 0 ? undefined : name.slice(0, end + delimiter.length)
}

const marker = ({ name, place }: BlobPosition) => markerOf({ name, ...(place === undefined ? {} : { place }) })

/** Blobs, and among them, when they are asked for, names for which there are only blocks so far. */
async function portionOf(
  { grant, store }: Context<'read'>,
  container: BlobContainer,
  wish: Wish,
): Promise<StoredBlob[]> {
  const blobs = await store.blobs.list(grant, container, { ...wish, versions: wish.versions || wish.versionsOnly })
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
