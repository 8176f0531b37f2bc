import type { Context } from '../../door/operation.ts'
import { newEtag } from '../../store/blob-etag.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'
import { afterWrite } from './lease.ts'
import { openToChange } from './write-blob.ts'

/** Changes what is said about a blob, and nothing of its bytes. Throws 404, 409 or 412. */
export const changeBlob = (
  cx: Context<'write'>,
  change: (before: StoredBlob, tx: Writes) => Promise<Partial<StoredBlob>> | Partial<StoredBlob>,
) =>
  cx.store.write(async tx => {
    const { container, before } = await openToChange(cx, tx)
    const { lease: _lease, ...rest } = before
    const lease = afterWrite(before.lease, cx.now)
    const after: StoredBlob = {
      ...rest,
      ...(lease ? { lease } : {}),
      etag: newEtag(),
      changedAt: cx.now,
      ...(await change(before, tx)),
    }
    await tx.blobs.put(cx.grant, container, after, before)
    return after
  })
