import type { Context } from '../../door/operation.ts'
import type { BlobContainer } from '../../store/blob-containers.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { purgeTime } from './account/service-properties.ts'
import { timeBehind } from './time-names.ts'

type Place = { readonly account: StorageAccount; readonly container: BlobContainer }

/**
 * With soft delete on, what is overwritten stays as a deleted snapshot, and so does a deleted blob in whose place there
 * is a new one. Answers the row that the new blob takes over; undefined when it gets one of its own.
 */
export async function keepReplaced(
  cx: Context<'write'>,
  tx: Writes,
  { account, container }: Place,
  row: StoredBlob | undefined,
  kind: StoredBlob['kind'],
): Promise<StoredBlob | undefined> {
  if (!row) return undefined
  const purgeAt = purgeTime(account, cx.now)
  // The service keeps nothing that is overwritten in the archive.
  if (row.deletedAt === undefined && (purgeAt === undefined || row.tier === 'Archive')) return row
  if (row.deletedAt !== undefined && row.kind !== kind) {
    // What was deleted under a name does not outlast a blob of another kind there.
    for (const one of await tx.blobs.deleted(cx.grant, container, row.name))
      await tx.blobs.remove(cx.grant, container, one)
    return undefined
  }
  const { lease: _lease, ...rest } = row
  const snapshot = timeBehind(await tx.blobs.latestTime(cx.grant, container, row.name), cx.now)
  const deleted =
    row.deletedAt === undefined ? { deletedAt: cx.now, ...(purgeAt === undefined ? {} : { purgeAt }) } : {}
  await tx.blobs.restate(cx.grant, container, { ...rest, ...deleted, snapshot }, row)
  return undefined
}
