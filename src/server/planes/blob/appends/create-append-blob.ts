import { randomUUID } from 'node:crypto'
import type { Context } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { empty, written } from '../answer.ts'
import { contentHeaders } from '../blob-headers.ts'
import { metadataFrom } from '../metadata.ts'
import { invalidHeader } from '../refusals.ts'
import { tagsFrom } from '../tags.ts'
import { openToWrite, replace } from '../write-blob.ts'

export async function createAppendBlob(cx: Context<'write'>): Promise<Response> {
  const { headers } = cx.request
  const length = headers.get('content-length') ?? '0'
  if (length !== '0') throw invalidHeader('Content-Length', length)
  const [metadata, tags] = [metadataFrom(cx), await tagsFrom(cx)]
  const given = contentHeaders(headers, { plainToo: true })
  const blob = await cx.store.write(async tx => {
    const place = await openToWrite(cx, tx)
    await tx.blobs.removeBlocks(cx.grant, place.container, cx.params.blob ?? '')
    return replace(cx, tx, place, {
      kind: 'AppendBlob',
      etag: newEtag(),
      length: 0,
      content: randomUUID(),
      headers: given,
      metadata,
      ...(tags ? { tags } : {}),
      appends: 0,
    })
  })
  return empty(201, { ...written(blob), 'x-ms-request-server-encrypted': 'true' })
}
