import { operation } from '../../../door/operation.ts'
import { breaksLease, writes } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { changeLease, refuseOtherThanBreak } from '../lease-actions.ts'
import { containerOf, existingBlob, refuseOneOf } from '../place.ts'

export const leaseBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=lease',
  access: { ...writes('leaseBlob'), orElse: breaksLease.blob },
  async run(cx) {
    refuseOneOf(cx.url)
    const { headers } = cx.request
    refuseOtherThanBreak(cx, breaksLease.blob)
    const { change, blob } = await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const before = await existingBlob(cx, tx, container)
      checkConditions(headers, before, 'write')
      const change = changeLease(before.lease, { headers, now: cx.now, what: 'blob' })
      const { lease: _before, ...rest } = before
      await tx.blobs.put(cx.grant, container, change.lease ? { ...rest, lease: change.lease } : rest, before)
      return { change, blob: before }
    })
    return empty(change.status, { ...validators(blob), ...change.headers })
  },
})
