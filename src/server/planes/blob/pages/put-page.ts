import { type Context, operation } from '../../../door/operation.ts'
import { keptBy } from '../../../extents/kept.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import type { Range } from '../../../store/contents.ts'
import { writes } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { refuseUnsupported } from '../blob-headers.ts'
import { changeBlob } from '../change-blob.ts'
import { hashHeaders } from '../hashes.ts'
import * as refusals from '../refusals.ts'
import { takeSourcePart } from '../source-part.ts'
import { pieceAt, type Taken, takeIn } from '../take-in.ts'
import { openToChange } from '../write-blob.ts'
import { checkSequenceNumber, pageRange } from './page-range.ts'
import { clearPages } from './pieces.ts'

const longestWrite = 4 * 1024 * 1024

/** Writes pages, or clears them. */
export const putPage = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=page',
  access: writes('putPage'),
  async run(cx) {
    const { headers } = cx.request
    refuseUnsupported(headers)
    const action = headers.get('x-ms-page-write')?.toLowerCase()
    if (action === undefined) throw refusals.missingHeader('x-ms-page-write')
    const range = pageRange(headers)
    if (action === 'clear') return described(await write(cx, range, undefined))
    if (action !== 'update') throw refusals.invalidHeader('x-ms-page-write', action)
    const isRefused = async () => checkPlace(cx, (await openToChange(cx, cx.store)).before, range)
    const taken = headers.has('x-ms-copy-source')
      ? await takeSourcePart(cx, longestWrite, isRefused)
      : await takeIn(cx, { most: longestWrite, md5: false, isRefused })
    return keptBy(taken, async () => {
      if (taken.length !== range.length) throw refusals.invalidHeader('Content-Length', String(taken.length))
      return described(await write(cx, range, taken), hashHeaders(taken))
    })
  },
})

const write = (cx: Context<'write'>, range: Range, taken: Taken | undefined) =>
  changeBlob(cx, async (before, tx) => {
    const content = checkPlace(cx, before, range)
    await clearPages(cx, tx, content, range)
    if (taken) await tx.contents.add(cx.grant, content, [pieceAt(range.from, taken)])
    return {}
  })

/** The content, if a page blob has such pages and its sequence number is as the client thinks. Throws 400, 409, 412 or 416. */
function checkPlace({ request }: Context, { kind, content, length, sequenceNumber = 0 }: StoredBlob, range: Range) {
  if (kind !== 'PageBlob' || content === undefined) throw refusals.invalidBlobType()
  if (range.from + range.length > length) throw refusals.invalidPageRange()
  checkSequenceNumber(request.headers, sequenceNumber)
  return content
}

const described = (blob: StoredBlob, hashes: Record<string, string | undefined> = {}) =>
  empty(201, {
    ...validators(blob),
    ...hashes,
    'x-ms-blob-sequence-number': blob.sequenceNumber ?? 0,
    'x-ms-request-server-encrypted': 'true',
  })
