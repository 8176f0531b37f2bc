import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import { filters } from '../access.ts'
import { xml } from '../answer.ts'
import { endpointOf, nameXml, tagsXml } from '../list-xml.ts'
import { markerOf, maxResults, positionIn } from '../paging.ts'
import { accountOf, containerOf } from '../place.ts'
import { missingQuery } from '../refusals.ts'
import { parseTagQuery, passes, type TagTest } from '../tag-query.ts'
import { element } from '../xml.ts'

const name = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/filter/action'

/** Blobs by their tags, in all containers of the account or in those that the expression names. */
export const findBlobs = operation<'read'>({
  name,
  route: 'GET /:account',
  query: 'comp=blobs',
  access: filters('findBlobsByTags', 'account'),
  async run(cx) {
    const account = await accountOf(cx)
    const all = await cx.store.blobContainers.list(cx.grant, account, { prefix: '', from: '', limit: 100_000 })
    return found(cx, all)
  },
})

export const findBlobsInContainer = operation<'read'>({
  name,
  route: 'GET /:account/:container',
  query: 'restype=container&comp=blobs',
  access: filters('findBlobsByTagsInContainer', 'container'),
  run: async cx => found(cx, [await containerOf(cx, cx.store)]),
})

async function found(cx: Context<'read'>, containers: readonly BlobContainer[]): Promise<Response> {
  const where = cx.url.searchParams.get('where')
  if (where === null || where === '') throw missingQuery('where')
  const tests = parseTagQuery(where)
  const ofContainer = tests.filter(test => test.name === '@container')
  const ofTags = tests.filter(test => test.name !== '@container')
  const limit = maxResults(cx.url)
  const position = positionIn(cx.url)
  const hits: { container: BlobContainer; blob: StoredBlob }[] = []
  for (const container of containers) {
    if (position && container.name < (position.container ?? '')) continue
    if (!ofContainer.every(test => passes(test, container.name))) continue
    const after = position?.container === container.name ? (position.name ?? '') : ''
    hits.push(...(await hitsIn(cx, container, ofTags, after, limit + 1 - hits.length)))
    if (hits.length > limit) break
  }
  const shown = hits.slice(0, limit)
  const last = hits.length > limit ? shown.at(-1) : undefined
  const items = shown.map(({ container, blob }) => {
    const tags = Object.fromEntries(
      Object.entries(blob.tags ?? {}).filter(([name]) => ofTags.some(test => test.name === name)),
    )
    return `<Blob>${nameXml(blob.name)}${element('ContainerName', container.name)}${tagsXml(tags)}</Blob>`
  })
  return xml(
    200,
    `<EnumerationResults ServiceEndpoint="${endpointOf(cx)}">${element('Where', where)}<Blobs>${items.join('')}</Blobs>${element('NextMarker', last ? markerOf({ container: last.container.name, name: last.blob.name }) : '')}</EnumerationResults>`,
  )
}

/** The index finds what passes the first test, and the rest is looked at one by one. */
async function hitsIn(
  cx: Context<'read'>,
  container: BlobContainer,
  tests: readonly TagTest[],
  after: string,
  limit: number,
): Promise<{ container: BlobContainer; blob: StoredBlob }[]> {
  const names = await cx.store.blobs.withTag(cx.grant, container, { tag: tests[0]?.name, after })
  const hits: { container: BlobContainer; blob: StoredBlob }[] = []
  for (const name of names) {
    const blob = await cx.store.blobs.get(cx.grant, container, name)
    if (!blob || blob.deletedAt !== undefined || !tests.every(test => passes(test, blob.tags?.[test.name]))) continue
    hits.push({ container, blob })
    if (hits.length === limit) break
  }
  return hits
}
