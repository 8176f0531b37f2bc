import { operation } from '../../../door/operation.ts'
import { readsContainer } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkRead, leaseHeaders } from '../lease.ts'
import { metadataHeaders } from '../metadata.ts'
import { containerOf } from '../place.ts'

const name = 'Microsoft.Storage/storageAccounts/blobServices/containers/read'
const access = readsContainer('getContainerProperties')

/** Properties and metadata. Clients ask with GET or HEAD, and there is no body either way. */
export const getContainer = ['GET', 'HEAD'].map(method =>
  operation<'read'>({
    name,
    route: `${method} /:account/:container`,
    query: 'restype=container',
    access,
    async run(cx) {
      const container = await containerOf(cx, cx.store)
      checkRead(container.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'container')
      return empty(200, {
        ...validators(container),
        ...metadataHeaders(container.metadata),
        ...leaseHeaders(container.lease, cx.now),
        'x-ms-blob-public-access': container.publicAccess,
        'x-ms-has-immutability-policy': 'false',
        'x-ms-has-legal-hold': 'false',
        'x-ms-default-encryption-scope': '$account-encryption-key',
        'x-ms-deny-encryption-scope-override': 'false',
      })
    },
  }),
)

export const getContainerMetadata = ['GET', 'HEAD'].map(method =>
  operation<'read'>({
    name,
    route: `${method} /:account/:container`,
    query: 'restype=container&comp=metadata',
    access,
    async run(cx) {
      const container = await containerOf(cx, cx.store)
      checkRead(container.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'container')
      return empty(200, { ...validators(container), ...metadataHeaders(container.metadata) })
    },
  }),
)
