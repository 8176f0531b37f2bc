import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { empty } from '../answer.ts'
import { tierFrom } from '../blob-headers.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { containerOf, existingBlob } from '../place.ts'
import * as refusals from '../refusals.ts'

/** Takes effect at once, also for what comes back from the archive. */
export const setBlobTier = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=tier',
  access: writes('setBlobTier'),
  async run(cx) {
    const { headers } = cx.request
    if (!headers.has('x-ms-access-tier')) throw refusals.missingHeader('x-ms-access-tier')
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
      if (before.kind === 'AppendBlob') throw refusals.invalidBlobType()
      const tier = tierFrom(headers, before.kind) ?? ''
      await tx.blobs.put(cx.grant, container, { ...before, tier, tierChangedAt: cx.now }, before)
    })
    return empty(200)
  },
})
