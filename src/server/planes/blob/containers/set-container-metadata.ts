import { operation } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { writesContainer } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { metadataFrom } from '../metadata.ts'
import { containerOf } from '../place.ts'

export const setContainerMetadata = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/write',
  route: 'PUT /:account/:container',
  query: 'restype=container&comp=metadata',
  access: writesContainer('setContainerMetadata'),
  async run(cx) {
    const { headers } = cx.request
    const metadata = metadataFrom(cx)
    const after = await cx.store.write(async tx => {
      const before = await containerOf(cx, tx)
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'container')
      checkConditions(headers, before, 'write')
      const container = { ...before, metadata, etag: newEtag(), changedAt: cx.now }
      await tx.blobContainers.update(cx.grant, container)
      return container
    })
    return empty(200, validators(after))
  },
})
