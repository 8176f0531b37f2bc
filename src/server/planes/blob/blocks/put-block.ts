import { operation } from '../../../door/operation.ts'
import { writesOrAdds } from '../access.ts'
import { empty } from '../answer.ts'
import { refuseOwnKeys } from '../blob-headers.ts'
import { checkBlobName } from '../names.ts'
import { hashHeaders, takeIn } from '../take-in.ts'
import { blockIdOf } from './block-id.ts'
import { keepBlock } from './keep-block.ts'
import { putBlockFromUrl } from './put-block-from-url.ts'

const longestBlock = 4000 * 1024 * 1024

export const putBlock = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=block',
  access: writesOrAdds('putBlock'),
  async run(cx) {
    checkBlobName(cx.params.blob ?? '')
    refuseOwnKeys(cx.request.headers)
    const id = blockIdOf(cx.url)
    if (cx.request.headers.has('x-ms-copy-source')) return putBlockFromUrl(cx, id)
    const taken = await takeIn(cx, { most: longestBlock, md5: false })
    try {
      await keepBlock(cx, id, taken)
      return empty(201, { ...hashHeaders(taken), 'x-ms-request-server-encrypted': 'true' })
    } finally {
      taken.release()
    }
  },
})
