import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { changeBlob } from '../change-blob.ts'
import * as refusals from '../refusals.ts'

/** Nothing is appended any more. Sealing again changes nothing. */
export const sealBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=seal',
  access: writes('sealBlob'),
  async run(cx) {
    const position = cx.request.headers.get('x-ms-blob-condition-appendpos')
    const after = await changeBlob(cx, before => {
      if (before.kind !== 'AppendBlob') throw refusals.invalidBlobType()
      if (position !== null && Number(position) !== before.length) throw refusals.appendPositionNotMet()
      return { sealed: true }
    })
    return empty(200, { ...validators(after), 'x-ms-blob-sealed': 'true' })
  },
})
