import { operation } from '../../../door/operation.ts'
import { deletesContainer } from '../access.ts'
import { empty } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkWrite } from '../lease.ts'
import { containerOf } from '../place.ts'

/** Its name is free at once, and what was in it goes in the background. */
export const deleteContainer = operation<'delete'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/delete',
  route: 'DELETE /:account/:container',
  query: 'restype=container',
  access: deletesContainer,
  async run(cx) {
    const { headers } = cx.request
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      checkWrite(container.lease, headers.get('x-ms-lease-id'), cx.now, 'container')
      checkConditions(headers, container, 'write')
      await tx.blobContainers.remove(cx.grant, container)
    })
    return empty(202)
  },
})
