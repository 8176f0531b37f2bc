import { randomUUID } from 'node:crypto'
import type { Context } from '../../../door/operation.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { empty, written } from '../answer.ts'
import { contentHeaders, tierFrom } from '../blob-headers.ts'
import { metadataFrom } from '../metadata.ts'
import * as refusals from '../refusals.ts'
import { tagsFrom } from '../tags.ts'
import { openToWrite, replace } from '../write-blob.ts'
import { pageLength } from './page-range.ts'

/** All zeroes, of which none takes any space. */
export async function createPageBlob(cx: Context<'write'>): Promise<Response> {
  const { headers } = cx.request
  const text = headers.get('x-ms-blob-content-length')
  if (text === null) throw refusals.missingHeader('x-ms-blob-content-length')
  const length = pageLength(text)
  const sequence = headers.get('x-ms-blob-sequence-number') ?? '0'
  if (!/^\d{1,15}$/.test(sequence)) throw refusals.invalidHeader('x-ms-blob-sequence-number', sequence)
  const [metadata, tags, tier] = [metadataFrom(cx), await tagsFrom(cx), tierFrom(headers, 'PageBlob')]
  const given = contentHeaders(headers, { plainToo: true })
  const blob = await cx.store.write(async tx => {
    const place = await openToWrite(cx, tx)
    await tx.blobs.removeBlocks(cx.grant, place.container, cx.params.blob ?? '')
    return replace(cx, tx, place, {
      kind: 'PageBlob',
      etag: newEtag(),
      length,
      content: randomUUID(),
      headers: given,
      metadata,
      ...(tags ? { tags } : {}),
      ...(tier === undefined ? {} : { tier, tierChangedAt: cx.now }),
      sequenceNumber: Number(sequence),
    })
  })
  return empty(201, { ...written(blob), 'x-ms-request-server-encrypted': 'true' })
}
