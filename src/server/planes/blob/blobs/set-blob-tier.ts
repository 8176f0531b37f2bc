import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { empty } from '../answer.ts'
import { tierFrom } from '../blob-headers.ts'
import { checkConditions } from '../conditions.ts'
import { checkRead } from '../lease.ts'
import { containerOf, existingBlob } from '../place.ts'
import * as refusals from '../refusals.ts'
import { onItsWay, priorityFrom } from '../rehydration.ts'

/** Takes effect at once, except for what comes back from the archive: see `rehydration.ts`. */
export const setBlobTier = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=tier',
  access: writes('setBlobTier'),
  async run(cx) {
    const { headers } = cx.request
    if (!headers.has('x-ms-access-tier')) throw refusals.missingHeader('x-ms-access-tier')
    const priority = priorityFrom(headers)
    const isOnItsWay = await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      checkRead(before.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
      if (before.kind === 'AppendBlob') throw refusals.invalidBlobType()
      const tier = tierFrom(headers, before.kind) ?? ''
      const comesBack = before.tier === 'Archive' && tier !== 'Archive'
      const { rehydration } = before
      // All that can be changed on the way is how fast it goes.
      const isFaster = rehydration?.tier === tier && rehydration.priority === 'Standard' && priority === 'High'
      if (rehydration && !isFaster) throw refusals.blobBeingRehydrated()
      const state = comesBack ? onItsWay(tier, priority, cx.now) : { tier }
      await tx.blobs.put(cx.grant, container, { ...before, ...state, tierChangedAt: cx.now }, before)
      return comesBack
    })
    return empty(isOnItsWay ? 202 : 200)
  },
})
