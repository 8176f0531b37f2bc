import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { StoredBlob, TagPosition } from '../../../store/blobs.ts'
import { filters } from '../access.ts'
import { xml } from '../answer.ts'
import { endpointOf, nameXml, tagsXml } from '../list-xml.ts'
import { largestPortion, markerOf, maxResults, mostRead, positionIn } from '../paging.ts'
import { accountOf, containerOf } from '../place.ts'
import { missingQuery } from '../refusals.ts'
import { drivingRange, parseTagQuery, passes, type TagTest } from '../tag-query.ts'
import { element } from '../xml.ts'

const name = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/filter/action'

/** Blobs by their tags, in all containers of the account or in those that the expression names. */
export const findBlobs = operation<'read'>({
  name,
  route: 'GET /:account',
  query: 'comp=blobs',
  access: filters('findBlobsByTags', 'account'),
  run: async cx => found(cx, from => containersFrom(cx, from)),
})

export const findBlobsInContainer = operation<'read'>({
  name,
  route: 'GET /:account/:container',
  query: 'restype=container&comp=blobs',
  access: filters('findBlobsByTagsInContainer', 'container'),
  async run(cx) {
    const container = await containerOf(cx, cx.store)
    return found(cx, async function* () {
      yield container
    })
  },
})

const containersAtOnce = 100

/** By name, beginning with this one. */
async function* containersFrom(cx: Context<'read'>, from: string): AsyncGenerator<BlobContainer> {
  const account = await accountOf(cx)
  for (let next: string | undefined = from; next !== undefined; ) {
    const limit = containersAtOnce + 1
    const page = await cx.store.blobContainers.list(cx.grant, account, { prefix: '', from: next, limit })
    yield* page.slice(0, containersAtOnce)
    next = page[containersAtOnce]?.name
  }
}

async function found(
  cx: Context<'read'>,
  containers: (from: string) => AsyncIterable<BlobContainer>,
): Promise<Response> {
  const where = cx.url.searchParams.get('where')
  if (where === null || where === '') throw missingQuery('where')
  const tests = parseTagQuery(where)
  const limit = maxResults(cx.url)
  const { hits, next } = await pageOf(cx, containers, tests, limit)
  const items = hits.map(({ container, blob }) => {
    const tags = Object.fromEntries(
      Object.entries(blob.tags ?? {}).filter(([name]) => tests.some(test => test.name === name)),
    )
    return `<Blob>${nameXml(blob.name)}${element('ContainerName', container.name)}${tagsXml(tags)}</Blob>`
  })
  return xml(
    200,
    `<EnumerationResults ServiceEndpoint="${endpointOf(cx)}">${element('Where', where)}<Blobs>${items.join('')}</Blobs>${element('NextMarker', next ?? '')}</EnumerationResults>`,
  )
}

type Hit = { readonly container: BlobContainer; readonly blob: StoredBlob }

/** In the order of the index: by container, the value of the tag that is looked for first, and name. */
async function pageOf(
  cx: Context<'read'>,
  containers: (from: string) => AsyncIterable<BlobContainer>,
  tests: readonly TagTest[],
  limit: number,
): Promise<{ hits: Hit[]; next?: string }> {
  const ofContainer = tests.filter(test => test.name === '@container')
  const ofTags = tests.filter(test => test.name !== '@container')
  const range = drivingRange(ofTags)
  const from = positionIn(cx.url)
  const hits: Hit[] = []
  let portion = Math.min(largestPortion, limit + 1)
  let read = 0
  for await (const container of containers(from?.container ?? '')) {
    let after: TagPosition | undefined
    if (from?.tag !== undefined && from.container === container.name)
      after = { tag: from.tag, value: from.value ?? '', name: from.name ?? '' }
    const marker = () => markerOf({ container: container.name, ...after })
    if (!ofContainer.every(test => passes(test, container.name))) read += 1
    else {
      for (let isMore = true; isMore; ) {
        if (read >= mostRead(limit)) return { hits, next: marker() }
        const rows = await cx.store.blobs.tagged(cx.grant, container, { ...range, after, limit: portion })
        for (const { blob, position } of rows) {
          if (isFound(blob, position, ofTags)) {
            if (hits.length === limit) return { hits, next: marker() }
            hits.push({ container, blob })
          }
          after = position
        }
        isMore = rows.length === portion
        read += rows.length + 1
        portion = Math.min(largestPortion, portion * 2)
      }
    }
    if (read >= mostRead(limit)) return { hits, next: marker() }
  }
  return { hits }
}

function isFound({ tags = {}, deletedAt }: StoredBlob, { tag }: TagPosition, tests: readonly TagTest[]): boolean {
  if (deletedAt !== undefined) return false
  // Any tag will do, and the blob is in the index with each that it has: the first one counts.
  if (tests.length === 0) return tag === Object.keys(tags).sort()[0]
  return tests.every(test => passes(test, tags[test.name]))
}
