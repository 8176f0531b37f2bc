import type { Context } from '../../../door/operation.ts'
import type { BlobContainer } from '../../../store/blob-containers.ts'
import type { Reads } from '../../../store/open.ts'
import { isOnlyToAdd } from '../access.ts'
import { checkWrite } from '../lease.ts'
import { blobAt, containerOf, refuseOneOf } from '../place.ts'
import * as refusals from '../refusals.ts'
import { refuseArchived } from '../rehydration.ts'
import type { Taken } from '../take-in.ts'

/** Keeps what was taken in as a block that is not yet part of the blob. Throws 400, 403, 404, 409 or 412. */
export const keepBlock = (cx: Context<'write'>, id: string, taken: Taken) =>
  cx.store.write(async tx => {
    const container = await roomForBlock(cx, tx, id)
    // It would have no place among the pieces of the blob.
    if (taken.length === 0) throw refusals.invalidHeader('Content-Length', '0')
    const name = cx.params.blob ?? ''
    await tx.blobs.putBlock(cx.grant, container, name, { id, length: taken.length, ...taken.at }, cx.now)
  })

const mostUncommitted = 100_000

/** The container, if the blob may have one more block with such an id. Throws the same. */
export async function roomForBlock(
  cx: Context<'write'>,
  reads: Pick<Reads, 'storageAccounts' | 'blobContainers' | 'blobs'>,
  id: string,
): Promise<BlobContainer> {
  refuseOneOf(cx.url)
  const container = await containerOf(cx, reads)
  const blob = await blobAt(cx, reads, container)
  if (blob && isOnlyToAdd(cx.grant)) throw refusals.permissionMismatch()
  if (blob) checkWrite(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
  if (blob && blob.kind !== 'BlockBlob') throw refusals.invalidBlobType()
  if (blob) refuseArchived(blob)
  const other = await reads.blobs.anyBlock(cx.grant, container, cx.params.blob ?? '')
  if (other && other.id.length !== id.length) throw refusals.invalidBlockId()
  if (other && other.count >= mostUncommitted) throw refusals.uncommittedBlockCountExceeds()
  return container
}
