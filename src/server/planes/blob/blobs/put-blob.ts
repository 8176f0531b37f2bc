import { operation } from '../../../door/operation.ts'
import { writesOrAdds } from '../access.ts'
import { createAppendBlob } from '../appends/create-append-blob.ts'
import { refuseUnsupported } from '../blob-headers.ts'
import { checkBlobName } from '../names.ts'
import { createPageBlob } from '../pages/create-page-blob.ts'
import * as refusals from '../refusals.ts'
import { copyBlob, putBlobFromUrl } from './copy-blob.ts'
import { putBlockBlob } from './put-block-blob.ts'

/** One address for all that makes a blob; headers say of what kind it is to be, and whether it is a copy. */
export const putBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  access: writesOrAdds('putBlob'),
  run(cx) {
    const { headers } = cx.request
    checkBlobName(cx.params.blob ?? '')
    refuseUnsupported(headers)
    const kind = headers.get('x-ms-blob-type')?.toLowerCase()
    const isCopy = headers.has('x-ms-copy-source')
    if (kind === undefined && isCopy) return copyBlob(cx)
    if (kind === undefined) throw refusals.missingHeader('x-ms-blob-type')
    if (kind === 'blockblob') return isCopy ? putBlobFromUrl(cx) : putBlockBlob(cx)
    if (kind === 'appendblob') return createAppendBlob(cx)
    if (kind === 'pageblob') return createPageBlob(cx)
    throw refusals.invalidHeader('x-ms-blob-type', kind)
  },
})
