import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import type { Writes } from '../../../store/open.ts'
import { deletes } from '../access.ts'
import { purgeTime } from '../account/service-properties.ts'
import { empty } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkWrite } from '../lease.ts'
import { accountOf, containerOf, existingBlob } from '../place.ts'
import * as refusals from '../refusals.ts'

export const deleteBlob = operation<'delete'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete',
  route: 'DELETE /:account/:container/:blob*',
  access: deletes('deleteBlob'),
  async run(cx) {
    const purgeAt = purgeTime(await accountOf(cx), cx.now)
    await cx.store.write(tx => remove(cx, tx, purgeAt))
    return empty(202, { 'x-ms-delete-type-permanent': String(purgeAt === undefined) })
  },
})

async function remove(cx: Context<'delete'>, tx: Writes, purgeAt: number | undefined): Promise<void> {
  const { headers } = cx.request
  const container = await containerOf(cx, tx)
  const blob = await existingBlob(cx, tx, container)
  checkConditions(headers, blob, 'write')
  checkWrite(blob.lease, headers.get('x-ms-lease-id'), cx.now, 'blob')
  const which = headers.get('x-ms-delete-snapshots')?.toLowerCase()
  if (which !== undefined && which !== 'include' && which !== 'only')
    throw refusals.invalidHeader('x-ms-delete-snapshots', which)
  if (blob.snapshot !== undefined) {
    if (which !== undefined) throw refusals.invalidHeader('x-ms-delete-snapshots', which)
    return drop(cx, tx, container, blob, purgeAt)
  }
  const snapshots = await tx.blobs.snapshots(cx.grant, container, blob.name)
  if (snapshots.length > 0 && which === undefined) throw refusals.snapshotsPresent()
  for (const one of which === 'only' ? snapshots : [...snapshots, blob]) await drop(cx, tx, container, one, purgeAt)
  if (which !== 'only') await tx.blobs.removeBlocks(cx.grant, container, blob.name)
}

async function drop(
  cx: Context<'delete'>,
  tx: Writes,
  container: BlobContainer,
  blob: StoredBlob,
  purgeAt: number | undefined,
): Promise<void> {
  if (purgeAt === undefined) return tx.blobs.remove(cx.grant, container, blob)
  const { lease: _lease, ...rest } = blob
  await tx.blobs.restate(cx.grant, container, { ...rest, deletedAt: cx.now, purgeAt }, blob)
}
