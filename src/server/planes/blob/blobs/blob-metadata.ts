import { operation } from '../../../door/operation.ts'
import { reads, writes } from '../access.ts'
import { empty, validators, written } from '../answer.ts'
import { refuseUnsupported } from '../blob-headers.ts'
import { changeBlob } from '../change-blob.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { metadataFrom, metadataHeaders } from '../metadata.ts'
import { containerOf, existingBlob } from '../place.ts'

const route = '/:account/:container/:blob*'

export const getBlobMetadata = ['GET', 'HEAD'].map(method =>
  operation<'read'>({
    name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
    route: `${method} ${route}`,
    query: 'comp=metadata',
    access: reads('getBlob'),
    async run(cx) {
      const blob = await existingBlob(cx, cx.store, await containerOf(cx, cx.store))
      checkRead(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
      checkConditions(cx.request.headers, blob, 'read')
      return empty(200, { ...validators(blob), ...metadataHeaders(blob.metadata) })
    },
  }),
)

/** Replaces all of it. */
export const setBlobMetadata = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: `PUT ${route}`,
  query: 'comp=metadata',
  access: writes('setBlobMetadata'),
  async run(cx) {
    refuseUnsupported(cx.request.headers)
    const metadata = metadataFrom(cx)
    const after = await changeBlob(cx, () => ({ metadata }), { asVersion: true })
    return empty(200, { ...written(after), 'x-ms-request-server-encrypted': 'true' })
  },
})
