import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { containerOf, existingBlob } from '../place.ts'
import * as refusals from '../refusals.ts'

/** A copy is done when it is answered, so there never is one to abort. */
export const abortCopy = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=copy',
  access: writes('abortCopy'),
  async run(cx) {
    if (!cx.url.searchParams.get('copyid')) throw refusals.missingQuery('copyid')
    const action = cx.request.headers.get('x-ms-copy-action')
    if (action?.toLowerCase() !== 'abort') throw refusals.invalidHeader('x-ms-copy-action', action ?? '')
    await existingBlob(cx, cx.store, await containerOf(cx, cx.store))
    throw refusals.noPendingCopy()
  },
})
