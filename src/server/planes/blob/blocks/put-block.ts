import { operation } from '../../../door/operation.ts'
import { keptBy } from '../../../extents/kept.ts'
import { writesOrAdds } from '../access.ts'
import { empty } from '../answer.ts'
import { refuseUnsupported } from '../blob-headers.ts'
import { hashHeaders } from '../hashes.ts'
import { checkBlobName } from '../names.ts'
import { takeSourcePart } from '../source-part.ts'
import { takeIn } from '../take-in.ts'
import { blockIdOf } from './block-id.ts'
import { keepBlock, roomForBlock } from './keep-block.ts'

const longestBlock = 4000 * 1024 * 1024

/** Put Block, and Put Block From URL. */
export const putBlock = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=block',
  access: writesOrAdds('putBlock'),
  async run(cx) {
    checkBlobName(cx.params.blob ?? '')
    refuseUnsupported(cx.request.headers)
    const id = blockIdOf(cx.url)
    const isRefused = () => roomForBlock(cx, cx.store, id)
    const taken = cx.request.headers.has('x-ms-copy-source')
      ? await takeSourcePart(cx, longestBlock, isRefused)
      : await takeIn(cx, { most: longestBlock, md5: false, isRefused })
    await keptBy(taken, () => keepBlock(cx, id, taken))
    return empty(201, { ...hashHeaders(taken), 'x-ms-request-server-encrypted': 'true' })
  },
})
