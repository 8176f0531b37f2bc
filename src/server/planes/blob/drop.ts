import type { Context } from '../../door/operation.ts'
import type { BlobContainer } from '../../store/blob-containers.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'

/** Deletes one row: for good, or to be kept until then. Its lease ends either way. */
export async function drop(
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
