import { readBytes } from '../../../door/body.ts'
import { operation } from '../../../door/operation.ts'
import { readsTags, writesTags } from '../access.ts'
import { empty, xml } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkedHashes } from '../hashes.ts'
import { checkRead, checkWrite } from '../lease.ts'
import { tagsXml } from '../list-xml.ts'
import { containerOf, existingBlob } from '../place.ts'
import { valuesIn } from '../query.ts'
import { bodyTooLarge, invalidQuery, invalidXml } from '../refusals.ts'
import { checkedTags } from '../tags.ts'
import { child, childText, parsedXml } from '../xml.ts'

const route = '/:account/:container/:blob*'

export const getBlobTags = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/read',
  route: `GET ${route}`,
  query: 'comp=tags',
  access: readsTags,
  async run(cx) {
    const blob = await existingBlob(cx, cx.store, await containerOf(cx, cx.store))
    checkRead(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
    checkConditions(cx.request.headers, blob, 'read')
    return xml(200, tagsXml(blob.tags ?? {}))
  },
})

/** Replaces them all. They are no part of what the ETag stands for. */
export const setBlobTags = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/write',
  route: `PUT ${route}`,
  query: 'comp=tags',
  access: writesTags,
  async run(cx) {
    const [snapshot] = valuesIn(cx.url, 'snapshot')
    if (snapshot) throw invalidQuery('snapshot', snapshot, 'A snapshot cannot be changed.')
    const { headers } = cx.request
    const body = await readBytes(cx.request, 64 * 1024, bodyTooLarge)
    checkedHashes(headers, body)
    const tags = await tagsIn(body.toString())
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      checkWrite(before.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
      await tx.blobs.put(cx.grant, container, { ...before, tags }, before)
    })
    return empty(204)
  },
})

async function tagsIn(text: string): Promise<Record<string, string>> {
  const set = child(await parsedXml(text, 'Tags'), 'TagSet')
  if (!set) throw invalidXml('TagSet is missing.')
  return checkedTags(
    set.children.map(({ children }) => [childText(children, 'Key') ?? '', childText(children, 'Value') ?? ''] as const),
  )
}
