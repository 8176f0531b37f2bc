import { streamOf } from '../../../door/long-answer.ts'
import { type Context, operation } from '../../../door/operation.ts'
import { lookedAtAnew } from '../../../extents/read-content.ts'
import { readQuery } from '../../../signatures/query.ts'
import { headersSetBy, isRefusal, readSas } from '../../../signatures/sas.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import type { Range } from '../../../store/contents.ts'
import { reads } from '../access.ts'
import { present } from '../answer.ts'
import { describe } from '../blob-headers.ts'
import { checkConditions } from '../conditions.ts'
import { bytesOf } from '../content-stream.ts'
import { hashHeaders, hashing } from '../hashes.ts'
import { checkRead } from '../lease.ts'
import { accountOf, containerOf, existingBlob } from '../place.ts'
import { rangeOf } from '../range.ts'
import * as refusals from '../refusals.ts'
import { refuseArchived } from '../rehydration.ts'

export const getBlob = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  route: 'GET /:account/:container/:blob*',
  access: reads('getBlob'),
  run: cx => lookedAtAnew(() => whole(cx)),
})

async function whole(cx: Context<'read'>): Promise<Response> {
  const { blob, headers } = await lookAt(cx)
  refuseArchived(blob)
  const range = rangeOf(cx.request.headers, blob.length)
  const wants = wantedHash(cx.request.headers, range)
  const { md5 } = blob.headers
  const part = range ?? { from: 0, length: blob.length }
  const all = {
    ...headers,
    'content-length': String(part.length),
    ...(range
      ? present({
          'content-range': `bytes ${range.from}-${range.from + range.length - 1}/${blob.length}`,
          'x-ms-blob-content-md5': md5,
          ...(wants ? hashHeaders(await rangeHashes(cx, blob, range, wants)) : {}),
        })
      : present({ 'content-md5': md5 })),
  }
  return new Response(await bodyFor(cx, blob, part), { status: range ? 206 : 200, headers: all })
}

export const getBlobProperties = operation<'read'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  route: 'HEAD /:account/:container/:blob*',
  access: reads('getBlob'),
  async run(cx) {
    const { blob, headers } = await lookAt(cx)
    const all = { ...headers, 'content-length': String(blob.length), ...present({ 'content-md5': blob.headers.md5 }) }
    return new Response(null, { status: 200, headers: all })
  },
})

/** What both of them begin with: the blob, if the request's conditions hold for it, and what is told about it. */
async function lookAt(cx: Context<'read'>): Promise<{ blob: StoredBlob; headers: Record<string, string> }> {
  const container = await containerOf(cx, cx.store)
  const blob = await existingBlob(cx, cx.store, container)
  checkRead(blob.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
  checkConditions(cx.request.headers, blob, 'read')
  const { accessTier } = (await accountOf(cx)).rules
  return { blob, headers: { ...present(describe(blob, cx.now, accessTier)), ...overridden(cx.url) } }
}

/** What a signature says that the answer is to say. */
function overridden(url: URL): Record<string, string> {
  const isSaid = [...url.searchParams.keys()].some(name => name.toLowerCase().startsWith('rsc'))
  if (!isSaid || !url.searchParams.has('sig')) return {}
  const sas = readSas(readQuery(url.search))
  return sas && !isRefusal(sas) ? Object.fromEntries(headersSetBy(sas)) : {}
}

/** Bytes of a row are answered as they are: a stream around them takes longer than all the rest. */
async function bodyFor(cx: Context<'read'>, blob: StoredBlob, { from, length }: Range) {
  if (length === 0) return null
  if (blob.content === undefined) return (blob.bytes ?? new Uint8Array()).slice(from, from + length)
  return streamOf(await bytesOf(cx, cx.grant, blob, { from, length }))
}

const longestHashed = 4 * 1024 * 1024

type Hash = 'md5' | 'crc64'

/** Which hash of a range the client wants to be told. Throws 400. */
function wantedHash(headers: Headers, range: Range | undefined): Hash | undefined {
  const nameOf = (hash: Hash) => `x-ms-range-get-content-${hash}`
  const wanted = (['md5', 'crc64'] as const).filter(hash => headers.get(nameOf(hash))?.toLowerCase() === 'true')
  const [hash, other] = wanted
  if (hash === undefined) return undefined
  if (other !== undefined || !range || range.length > longestHashed) throw refusals.invalidHeader(nameOf(hash), 'true')
  return hash
}

async function rangeHashes(cx: Context<'read'>, blob: StoredBlob, range: Range, wanted: Hash) {
  const hashes = hashing({ md5: null, crc64: null }, { md5: wanted === 'md5' })
  for await (const portion of await bytesOf(cx, cx.grant, blob, range)) hashes.update(portion)
  return hashes.checked()
}
