import { type Context, operation } from '../../../door/operation.ts'
import type { Writes } from '../../../store/open.ts'
import { deletes } from '../access.ts'
import { purgeTime } from '../account/service-properties.ts'
import { empty } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { drop } from '../drop.ts'
import { checkWrite } from '../lease.ts'
import { accountOf, containerOf, existingBlob } from '../place.ts'
import { refusePermanent } from '../query.ts'
import * as refusals from '../refusals.ts'
import { retire, versionIds } from '../versions.ts'

/** A blob, with its snapshots or not, or one of them. Of a blob with versions, the current one becomes a previous one. */
export const deleteBlob = operation<'delete'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete',
  route: 'DELETE /:account/:container/:blob*',
  access: deletes('deleteBlob'),
  async run(cx) {
    refusePermanent(cx.url)
    const isForGood = await cx.store.write(tx => remove(cx, tx))
    return empty(202, { 'x-ms-delete-type-permanent': String(isForGood) })
  },
})

/** Answers whether nothing of it can be brought back. */
async function remove(cx: Context<'delete'>, tx: Writes): Promise<boolean> {
  const { headers } = cx.request
  const account = await accountOf({ store: tx, params: cx.params })
  const container = await containerOf(cx, tx)
  const blob = await existingBlob(cx, tx, container)
  checkConditions(headers, blob, 'write')
  checkWrite(blob.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
  const purgeAt = purgeTime(account, cx.now)
  const which = headers.get('x-ms-delete-snapshots')?.toLowerCase()
  if (which !== undefined && which !== 'include' && which !== 'only')
    throw refusals.invalidHeader('x-ms-delete-snapshots', which)
  if (blob.snapshot !== undefined) {
    if (which !== undefined) throw refusals.invalidHeader('x-ms-delete-snapshots', which)
    await drop(cx, tx, container, blob, purgeAt)
    return purgeAt === undefined
  }
  const snapshots = await tx.blobs.snapshots(cx.grant, container, blob.name)
  if (snapshots.length > 0 && which === undefined) throw refusals.snapshotsPresent()
  for (const one of snapshots) await drop(cx, tx, container, one, purgeAt)
  if (which === 'only') return purgeAt === undefined
  await tx.blobs.removeBlocks(cx.grant, container, blob.name)
  const { previous } = await versionIds(cx, tx, { account, container }, blob)
  if (previous === undefined) await drop(cx, tx, container, blob, purgeAt)
  else await retire(cx, tx, container, blob, previous)
  return purgeAt === undefined && previous === undefined
}
