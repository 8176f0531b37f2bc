import { randomUUID } from 'node:crypto'
import { systemGrant } from '../../../access/grant.ts'
import type { Context } from '../../../door/operation.ts'
import { lookedAtAnew } from '../../../extents/read-content.ts'
import { newEtag } from '../../../store/blob-etag.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import { empty, written } from '../answer.ts'
import { contentHeaders, tierFrom } from '../blob-headers.ts'
import { cloneContent } from '../clone-content.ts'
import { bytesOf } from '../content-stream.ts'
import { type CopySource, copySource } from '../copy-source.ts'
import { givenHashes, hashing } from '../hashes.ts'
import { metadataFrom } from '../metadata.ts'
import * as refusals from '../refusals.ts'
import { onItsWay, priorityFrom } from '../rehydration.ts'
import { tagsFrom } from '../tags.ts'
import { openToWrite, replace } from '../write-blob.ts'

/** Copy Blob and Copy Blob From URL. Bytes are shared and not moved, so that both are done when they are answered. */
export async function copyBlob(cx: Context<'write'>): Promise<Response> {
  const { headers } = cx.request
  const isSync = headers.get('x-ms-requires-sync')?.toLowerCase() === 'true'
  const { source, after } = await copied(
    cx,
    isSync ? { longest: longestSync } : { fromArchive: headers.has('x-ms-access-tier') },
    before => {
      const metadata = metadataFrom(cx)
      return { headers: before.headers, metadata: Object.keys(metadata).length > 0 ? metadata : before.metadata }
    },
  )
  return empty(202, {
    ...written(after),
    'x-ms-copy-id': after.copy?.id,
    'x-ms-copy-status': 'success',
    'content-md5': isSync ? source.headers.md5 : undefined,
  })
}

/** Put Blob From URL: the bytes of another blob, with properties of its own. */
export async function putBlobFromUrl(cx: Context<'write'>): Promise<Response> {
  const { headers } = cx.request
  const withProperties = headers.get('x-ms-copy-source-blob-properties')?.toLowerCase() !== 'false'
  const { after } = await copied(cx, { kind: 'BlockBlob', longest: longestPut }, before => {
    const given = contentHeaders(headers, { plainToo: false })
    const md5 = before.headers.md5
    return {
      headers: { ...(withProperties ? before.headers : {}), ...given, ...(md5 === undefined ? {} : { md5 }) },
      metadata: metadataFrom(cx),
    }
  })
  return empty(201, {
    ...written(after),
    'content-md5': after.headers.md5,
    'x-ms-request-server-encrypted': 'true',
  })
}

type Wish = {
  /** Without one, that of the source; and then it only takes the place of one of its kind. */
  readonly kind?: StoredBlob['kind']
  readonly longest?: number
  readonly fromArchive?: boolean
}

/** Of what is copied before it is answered, by the service's own limits. */
const longestSync = 256 * 1024 * 1024
const longestPut = 5000 * 1024 * 1024

type Described = Pick<StoredBlob, 'headers' | 'metadata'>

async function copied(
  cx: Context<'write'>,
  { kind: made, longest = Number.POSITIVE_INFINITY, fromArchive = false }: Wish,
  describe: (source: StoredBlob) => Described,
): Promise<{ source: StoredBlob; after: StoredBlob }> {
  const { headers } = cx.request
  const { read, url, copiesTags } = await copySource(cx, { fromArchive })
  const priority = priorityFrom(headers)
  const seals = headers.get('x-ms-seal-blob')?.toLowerCase() === 'true'
  const given = await tagsFrom(cx)
  const checkedEtag = await checkSource(cx, read)
  return cx.store.write(async tx => {
    const place = await openToWrite(cx, tx)
    // Only now, and from here: what it consists of must still be there when the copy refers to it.
    const source = await read(tx)
    if (checkedEtag !== undefined && source.etag !== checkedEtag) throw refusals.sourceConditionNotMet()
    const kind = made ?? source.kind
    if (made === undefined && place.before && place.before.kind !== kind) throw refusals.invalidBlobType()
    if (source.length > longest) throw refusals.copySourceTooLong(longest)
    if (seals && kind !== 'AppendBlob') throw refusals.invalidHeader('x-ms-seal-blob', 'true')
    const tags = copiesTags ? source.tags : given
    const tier = tierFrom(headers, kind)
    const content = await cloneContent(cx, tx, source, kind)
    await tx.blobs.removeBlocks(cx.grant, place.container, cx.params.blob ?? '')
    const after = await replace(cx, tx, place, {
      kind,
      etag: newEtag(),
      ...content,
      ...describe(source),
      ...(tags ? { tags } : {}),
      ...(tier === undefined ? {} : { tier, tierChangedAt: cx.now }),
      ...(tier !== undefined && tier !== 'Archive' && source.tier === 'Archive'
        ? onItsWay(tier, priority, cx.now)
        : {}),
      ...(kind === 'PageBlob' ? { sequenceNumber: source.sequenceNumber ?? 0 } : {}),
      ...(kind === 'AppendBlob' ? { appends: source.appends ?? 0 } : {}),
      ...(seals ? { sealed: true } : {}),
      copy: {
        id: randomUUID(),
        source: url.href,
        status: 'success',
        progress: `${source.length}/${source.length}`,
        completedAt: cx.now,
      },
    })
    return { source, after }
  })
}

const readSource = systemGrant('compare the source of a copy, which the caller may read, with its hash')

/** Reads the source where the client knows a hash of it, and answers which state of it that is of. Throws 400. */
async function checkSource(cx: Context<'write'>, read: CopySource['read']): Promise<string | undefined> {
  const given = givenHashes(cx.request.headers, 'x-ms-source-')
  if (given.md5 === null && given.crc64 === null) return undefined
  return lookedAtAnew(async () => {
    const source = await read(cx.store)
    const hashes = hashing(given)
    const whole = { from: 0, length: source.length }
    for await (const portion of await bytesOf(cx, readSource, source, whole)) hashes.update(portion)
    hashes.checked()
    return source.etag
  })
}
