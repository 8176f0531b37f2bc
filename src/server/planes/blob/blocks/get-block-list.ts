import { operation } from '../../../door/operation.ts'
import { reads } from '../access.ts'
import { validators, xml } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { blobAt, containerOf, oneOf } from '../place.ts'
import * as refusals from '../refusals.ts'
import { element } from '../xml.ts'

export const getBlockList = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  route: 'GET /:account/:container/:blob*',
  query: 'comp=blocklist',
  access: reads('getBlob'),
  async run(cx) {
    const which = cx.url.searchParams.get('blocklisttype')?.toLowerCase() ?? 'committed'
    if (!['committed', 'uncommitted', 'all'].includes(which)) throw refusals.invalidQuery('blocklisttype', which)
    const container = await containerOf(cx, cx.store)
    const blob = await blobAt(cx, cx.store, container)
    if (blob && blob.kind !== 'BlockBlob') throw refusals.invalidBlobType()
    const waiting =
      // What is open to everybody is what has been committed.
      oneOf(cx.url) === undefined && cx.caller.kind !== 'anonymous'
        ? await cx.store.blobs.blockLengths(cx.grant, container, cx.params.blob ?? '')
        : []
    if (!blob && waiting.length === 0) throw refusals.blobNotFound()
    if (blob) {
      checkRead(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
      checkConditions(cx.request.headers, blob, 'read')
    }
    const committed = blob?.content === undefined ? [] : await cx.store.contents.blockLengths(cx.grant, blob.content)
    return xml(
      200,
      `<BlockList>${which === 'uncommitted' ? '' : blocksXml('CommittedBlocks', committed)}${which === 'committed' ? '' : blocksXml('UncommittedBlocks', waiting)}</BlockList>`,
      { ...(blob ? validators(blob) : {}), 'x-ms-blob-content-length': blob?.length ?? 0 },
    )
  },
})

const blocksXml = (name: string, blocks: readonly { id: string; length: number }[]) =>
  `<${name}>${blocks.map(({ id, length }) => `<Block>${element('Name', id)}${element('Size', length)}</Block>`).join('')}</${name}>`
