import { type Context, operation } from '../../../door/operation.ts'
import { keptBy } from '../../../extents/kept.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import { addAction, writes } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { refuseUnsupported } from '../blob-headers.ts'
import { changeBlob } from '../change-blob.ts'
import { hashHeaders } from '../hashes.ts'
import * as refusals from '../refusals.ts'
import { takeSourcePart } from '../source-part.ts'
import { pieceAt, type Taken, takeIn } from '../take-in.ts'
import { openToChange } from '../write-blob.ts'

const longestAppend = 100 * 1024 * 1024
const mostAppends = 50_000

export const appendBlock = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=appendblock',
  // Who may only add may add to the end.
  access: { ...writes('appendBlock'), orElse: { action: addAction, permission: 'appendBlock' } },
  async run(cx) {
    const { headers } = cx.request
    refuseUnsupported(headers)
    const isRefused = async () => checkRoom(cx, (await openToChange(cx, cx.store)).before, 0)
    const taken = headers.has('x-ms-copy-source')
      ? await takeSourcePart(cx, longestAppend, isRefused)
      : await takeIn(cx, { most: longestAppend, md5: false, isRefused })
    return keptBy(taken, async () => {
      if (taken.length === 0) throw refusals.invalidHeader('Content-Length', '0')
      const after = await append(cx, taken)
      return empty(201, {
        ...validators(after),
        ...hashHeaders(taken),
        'x-ms-blob-append-offset': after.length - taken.length,
        'x-ms-blob-committed-block-count': after.appends,
        'x-ms-request-server-encrypted': 'true',
      })
    })
  },
})

const append = (cx: Context<'write'>, taken: Taken) =>
  changeBlob(cx, async (before, tx) => {
    const { content, appends } = checkRoom(cx, before, taken.length)
    await tx.contents.add(cx.grant, content, [pieceAt(before.length, taken)])
    return { length: before.length + taken.length, appends: appends + 1 }
  })

/** Whether so much may be added to the end. Throws 400, 409 or 412. */
function checkRoom({ request }: Context, before: StoredBlob, added: number): { content: string; appends: number } {
  const { kind, content, sealed, appends = 0 } = before
  if (kind !== 'AppendBlob' || content === undefined) throw refusals.invalidBlobType()
  if (sealed) throw refusals.blobIsSealed()
  checkPosition(request.headers, before, added)
  if (appends >= mostAppends) throw refusals.blockCountExceeds()
  return { content, appends }
}

function checkPosition(headers: Headers, { length }: StoredBlob, added: number): void {
  const given = (name: string) => {
    const text = headers.get(name)
    if (text !== null && !/^\d{1,15}$/.test(text)) throw refusals.invalidHeader(name, text)
    return text === null ? undefined : Number(text)
  }
  const position = given('x-ms-blob-condition-appendpos')
  const most = given('x-ms-blob-condition-maxsize')
  if (position !== undefined && position !== length) throw refusals.appendPositionNotMet()
  if (most !== undefined && length + added > most) throw refusals.maxBlobSizeNotMet()
}
