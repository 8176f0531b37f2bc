import { operation } from '../../../door/operation.ts'
import type { StoredBlob } from '../../../store/blobs.ts'
import { writes } from '../access.ts'
import { empty, validators } from '../answer.ts'
import { contentHeaders } from '../blob-headers.ts'
import { changeBlob } from '../change-blob.ts'
import { pageLength } from '../pages/page-range.ts'
import { clearPages } from '../pages/pieces.ts'
import * as refusals from '../refusals.ts'

/** Replaces them all: one that is not given is none from here on. Of a page blob, it can also change the length. */
export const setBlobProperties = operation<'write'>({
  name: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  route: 'PUT /:account/:container/:blob*',
  query: 'comp=properties',
  access: writes('setBlobProperties'),
  async run(cx) {
    const { headers } = cx.request
    const given = contentHeaders(headers, { plainToo: false })
    const length = headers.get('x-ms-blob-content-length')
    const resized = length === null ? {} : { length: pageLength(length) }
    const hasNoContentHeader = Object.keys(given).length === 0 && !contentHeaderNames.some(name => headers.has(name))
    const after = await changeBlob(cx, async (before, tx) => {
      const isPage = before.kind === 'PageBlob'
      if (length !== null && !isPage) throw refusals.invalidBlobType()
      const { length: after = before.length } = resized
      // What lies behind the new end must not come back when it moves again.
      if (after < before.length && before.content !== undefined)
        await clearPages(cx, tx, before.content, { from: after, length: before.length - after })
      const kept = isPage && hasNoContentHeader ? before.headers : given
      return { headers: kept, ...resized, ...(isPage ? sequenceNumber(headers, before) : {}) }
    })
    return empty(200, {
      ...validators(after),
      'x-ms-blob-sequence-number': after.kind === 'PageBlob' ? (after.sequenceNumber ?? 0) : undefined,
    })
  },
})

const contentHeaderNames = ['type', 'encoding', 'language', 'disposition', 'md5'].map(
  name => `x-ms-blob-content-${name}`,
)

function sequenceNumber(headers: Headers, before: StoredBlob): { sequenceNumber?: number } {
  const action = headers.get('x-ms-sequence-number-action')?.toLowerCase()
  const now = before.sequenceNumber ?? 0
  if (action === undefined) return {}
  if (action === 'increment') return { sequenceNumber: now + 1 }
  const name = 'x-ms-blob-sequence-number'
  const text = headers.get(name)
  if (action !== 'max' && action !== 'update') throw refusals.invalidHeader('x-ms-sequence-number-action', action)
  if (text === null) throw refusals.missingHeader(name)
  if (!/^\d{1,15}$/.test(text)) throw refusals.invalidHeader(name, text)
  return { sequenceNumber: action === 'max' ? Math.max(now, Number(text)) : Number(text) }
}
