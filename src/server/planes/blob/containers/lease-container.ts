import { operation } from '../../../door/operation.ts'
import { breaksLease, writesContainer } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { changeLease, refuseOtherThanBreak } from '../lease-actions.ts'
import { containerOf } from '../place.ts'

export const leaseContainer = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/write',
  route: 'PUT /:account/:container',
  query: 'restype=container&comp=lease',
  access: { ...writesContainer('leaseContainer'), orElse: breaksLease.container },
  async run(cx) {
    const { headers } = cx.request
    refuseOtherThanBreak(cx, breaksLease.container)
    const { change, container } = await cx.store.write(async tx => {
      const before = await containerOf(cx, tx)
      checkConditions(headers, before, 'write')
      const change = changeLease(before.lease, { headers, now: cx.now, what: 'container' })
      await tx.blobContainers.update(cx.grant, { ...before, lease: change.lease })
      return { change, container: before }
    })
    return empty(change.status, { ...validators(container), ...change.headers })
  },
})
