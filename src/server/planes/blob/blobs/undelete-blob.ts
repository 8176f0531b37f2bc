import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { empty } from '../answer.ts'
import { containerOf, refuseOneOf } from '../place.ts'
import { blobNotFound } from '../refusals.ts'

/** Brings back all that is deleted and kept under a name: a blob, snapshots and versions. None of these becomes the blob. */
export const undeleteBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=undelete',
  access: writes('undeleteBlob'),
  async run(cx) {
    refuseOneOf(cx.url)
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const name = cx.params.blob ?? ''
      const deleted = await tx.blobs.deleted(cx.grant, container, name)
      if (deleted.length === 0 && !(await tx.blobs.get(cx.grant, container, name))) throw blobNotFound()
      for (const one of deleted) {
        const { deletedAt: _deleted, purgeAt: _purge, ...restored } = one
        await tx.blobs.restate(cx.grant, container, restored, one)
      }
    })
    return empty(200)
  },
})
