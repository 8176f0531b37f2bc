import type { Grant } from '../../../access/grant.ts'
import { type Context, operation } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import type { Writes } from '../../../store/open.ts'
import { deletes } from '../access.ts'
import { retentionOf } from '../account/service-properties.ts'
import { empty } from '../answer.ts'
import { checkConditions } from '../conditions.ts'
import { checkWrite } from '../lease.ts'
import { accountOf, containerOf, existingBlob } from '../place.ts'
import { refuseComp } from '../query.ts'
import * as refusals from '../refusals.ts'

export const deleteBlob = operation<'delete'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete',
  route: 'DELETE /:account/:container/:blob*',
  access: deletes('deleteBlob'),
  async run(cx) {
    refuseComp(cx.url)
    const kept = retentionOf(await accountOf(cx)) !== undefined
    await cx.store.write(tx => remove(cx, tx, kept))
    return empty(202, { 'x-ms-delete-type-permanent': String(!kept) })
  },
})

async function remove(cx: Context<'delete'>, tx: Writes, kept: boolean): Promise<void> {
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
    return drop(cx, tx, container, blob, kept)
  }
  const snapshots = await snapshotsOf(cx.grant, tx, container, blob.name)
  if (snapshots.length > 0 && which === undefined) throw refusals.snapshotsPresent()
  for (const one of which === 'only' ? snapshots : [...snapshots, blob]) await drop(cx, tx, container, one, kept)
  if (which !== 'only') await tx.blobs.removeBlocks(cx.grant, container, blob.name)
}

async function drop(
  cx: Context<'delete'>,
  tx: Writes,
  container: BlobContainer,
  blob: StoredBlob,
  kept: boolean,
): Promise<void> {
  if (!kept) return tx.blobs.remove(cx.grant, container, blob)
  // A list does not read bytes, and what is kept must have them.
  const whole = await tx.blobs.get(cx.grant, container, blob.name, blob.snapshot)
  const { lease: _lease, ...rest } = whole ?? blob
  await tx.blobs.put(cx.grant, container, { ...rest, deletedAt: cx.now }, blob)
}

/** Those that are not deleted. */
export async function snapshotsOf(
  grant: Grant,
  tx: Pick<Writes, 'blobs'>,
  container: BlobContainer,
  name: string,
): Promise<StoredBlob[]> {
  return (await tx.blobs.snapshots(grant, container, name)).filter(({ deletedAt }) => deletedAt === undefined)
}
