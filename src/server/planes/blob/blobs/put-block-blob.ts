import type { Context } from '../../../door/operation.ts'
import { keptBy } from '../../../extents/kept.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import { empty, written } from '../answer.ts'
import { contentHeaders, tierFrom } from '../blob-headers.ts'
import { hashHeaders } from '../hashes.ts'
import { metadataFrom } from '../metadata.ts'
import { tagsFrom } from '../tags.ts'
import { takeIn } from '../take-in.ts'
import { contentOf, openToWrite, replace } from '../write-blob.ts'

const longestBody = 5000 * 1024 * 1024

export async function putBlockBlob(cx: Context<'write'>): Promise<Response> {
  const { headers } = cx.request
  const [metadata, tags, tier] = [metadataFrom(cx), await tagsFrom(cx), tierFrom(headers, 'BlockBlob')]
  const given = contentHeaders(headers, { plainToo: true })
  const taken = await takeIn(cx, { most: longestBody, md5: true, isRefused: () => openToWrite(cx, cx.store) })
  return keptBy(taken, async () => {
    const { md5 = taken.md5 } = given
    const blob = await cx.store.write(async tx => {
      const place = await openToWrite(cx, tx)
      const content = await contentOf(cx, tx, taken)
      await tx.blobs.removeBlocks(cx.grant, place.container, cx.params.blob ?? '')
      return replace(cx, tx, place, {
        kind: 'BlockBlob',
        etag: newEtag(),
        length: taken.length,
        ...content,
        headers: { ...given, ...(md5 === undefined ? {} : { md5 }) },
        metadata,
        ...(tags ? { tags } : {}),
        ...(tier === undefined ? {} : { tier, tierChangedAt: cx.now }),
      })
    })
    return empty(201, { ...written(blob), ...hashHeaders(taken), 'x-ms-request-server-encrypted': 'true' })
  })
}
