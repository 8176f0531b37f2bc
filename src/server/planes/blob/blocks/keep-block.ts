import type { Context } from '../../../door/operation.ts'
import { isOnlyToAdd } from '../access.ts'
import { checkWrite } from '../lease.ts'
import { blobAt, containerOf, refuseSnapshot } from '../place.ts'
import * as refusals from '../refusals.ts'
import type { Taken } from '../take-in.ts'

/** Keeps what was taken in as a block that is not yet part of the blob. Throws 400, 403, 409 or 412. */
export const keepBlock = (cx: Context<'write'>, id: string, taken: Taken) =>
  cx.store.write(async tx => {
    refuseSnapshot(cx.url)
    const container = await containerOf(cx, tx)
    const blob = await blobAt(cx, tx, container)
    if (blob && isOnlyToAdd(cx.grant)) throw refusals.permissionMismatch()
    if (blob) checkWrite(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
    if (blob && blob.kind !== 'BlockBlob') throw refusals.invalidBlobType()
    const name = cx.params.blob ?? ''
    const other = await tx.blobs.anyBlock(cx.grant, container, name)
    if (other && other.id.length !== id.length) throw refusals.invalidBlockId()
    if (other && other.count >= mostUncommitted) throw refusals.uncommittedBlockCountExceeds()
    await tx.blobs.putBlock(cx.grant, container, name, { id, length: taken.length, ...taken.at }, cx.now)
  })

const mostUncommitted = 100_000
