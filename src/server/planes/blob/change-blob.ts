import type { Context } from '../../door/operation.ts'
import { newEtag } from '../../store/blob-etag.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'
import { afterWrite } from './lease.ts'
import { keepCopy, versionIds } from './versions.ts'
import { openToChange } from './write-blob.ts'

type Change = (before: StoredBlob, tx: Writes) => Promise<Partial<StoredBlob>> | Partial<StoredBlob>

/**
 * Changes what is said about a blob, and nothing of its bytes. Most of that belongs to the version that there is; with
 * `asVersion` there is a new one after it, in accounts that have them. Throws 404, 409 or 412.
 */
export const changeBlob = (cx: Context<'write'>, change: Change, { asVersion = false } = {}) =>
  cx.store.write(async tx => {
    const { account, container, before } = await openToChange(cx, tx)
    const { lease: _lease, version, ...rest } = before
    const ids = asVersion ? await versionIds(cx, tx, { account, container }, before) : { next: version }
    if ('previous' in ids && ids.previous !== undefined)
      await keepCopy(cx, tx, container, before, { version: ids.previous, isPrevious: true })
    const lease = afterWrite(before.lease, cx.now)
    const after: StoredBlob = {
      ...rest,
      ...(lease ? { lease } : {}),
      ...(ids.next === undefined ? {} : { version: ids.next }),
      etag: newEtag(),
      changedAt: cx.now,
      ...(await change(before, tx)),
    }
    await tx.blobs.put(cx.grant, container, after, before)
    return after
  })
