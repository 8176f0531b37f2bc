import { operation } from '../../../door/operation.ts'
import { writes } from '../access.ts'
import { empty } from '../answer.ts'
import { containerOf } from '../place.ts'
import { blobNotFound } from '../refusals.ts'

/** Brings back a blob that is deleted and kept, with its snapshots. Of one that is there, the snapshots alone. */
export const undeleteBlob = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=undelete',
  access: writes('undeleteBlob'),
  async run(cx) {
    await cx.store.write(async tx => {
      const container = await containerOf(cx, tx)
      const name = cx.params.blob ?? ''
      const blob = await tx.blobs.get(cx.grant, container, name)
      const snapshots = await tx.blobs.snapshots(cx.grant, container, name)
      const all = blob ? [...snapshots, blob] : snapshots
      if (all.length === 0) throw blobNotFound()
      for (const { deletedAt, snapshot } of all) {
        if (deletedAt === undefined) continue
        const whole = await tx.blobs.get(cx.grant, container, name, snapshot)
        if (!whole) continue
        const { deletedAt: _deleted, ...restored } = whole
        await tx.blobs.put(cx.grant, container, restored, whole)
      }
    })
    return empty(200)
  },
})
