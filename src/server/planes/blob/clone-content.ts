import { randomUUID } from 'node:crypto'
import type { Context } from '../../door/operation.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'

/** The same bytes, of a blob read in this transaction, for another blob. Blocks are never changed and can be shared; appends and pages go on in a copy. */
export async function cloneContent(
  cx: Context<'write'>,
  tx: Writes,
  source: StoredBlob,
  kind: StoredBlob['kind'],
): Promise<Pick<StoredBlob, 'bytes' | 'content' | 'length' | 'sparse'>> {
  const { length } = source
  if (source.content === undefined) return { length, bytes: source.bytes }
  if (source.kind === 'BlockBlob')
    return { length, content: source.content, ...(source.sparse ? { sparse: true } : {}) }
  const content = randomUUID()
  await tx.contents.copy(cx.grant, source.content, content)
  // An append blob may have grown since the snapshot that is copied.
  await tx.contents.cut(cx.grant, content, { from: length, length: Number.MAX_SAFE_INTEGER - length })
  return { length, content, ...(source.kind === 'PageBlob' && kind !== 'PageBlob' ? { sparse: true } : {}) }
}
