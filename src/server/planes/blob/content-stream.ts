import type { Grant } from '../../access/grant.ts'
import { readContent } from '../../extents/read-content.ts'
import type { Parts } from '../../parts.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Range } from '../../store/contents.ts'

/** The bytes of a part of a blob, as they are read. Throws `ContentReplaced`. */
export async function bytesOf(
  parts: Pick<Parts, 'store' | 'extents'>,
  grant: Grant,
  { kind, bytes = new Uint8Array(), content, sparse = kind === 'PageBlob' }: StoredBlob,
  range: Range,
): Promise<AsyncIterable<Uint8Array>> {
  if (content === undefined) return once(bytes.subarray(range.from, range.from + range.length))
  return readContent(parts, grant, { content, range, sparse })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
