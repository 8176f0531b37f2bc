import { systemGrant } from '../../access/grant.ts'
import type { Context } from '../../door/operation.ts'
import { lookedAtAnew } from '../../extents/read-content.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import { bytesOf } from './content-stream.ts'
import { copySource } from './copy-source.ts'
import { wholeRange } from './range.ts'
import * as refusals from './refusals.ts'
import { type Taken, takeOver } from './take-in.ts'

const readPart = systemGrant('read the part of another blob that the caller has shown that it may')

/** The part of another blob that `x-ms-source-range` names, taken over as if it were the request's own body. Throws 4xx. */
export async function takeSourcePart(
  cx: Context<'write'>,
  most: number,
  isRefused: () => Promise<unknown>,
): Promise<Taken> {
  const source = await copySource(cx)
  const { bytes, length } = await lookedAtAnew(async () => partIn(cx, await source.read(cx.store), most))
  return takeOver(cx, bytes, length, isRefused)
}

async function partIn(cx: Context<'write'>, blob: StoredBlob, most: number) {
  const range = wholeRange('x-ms-source-range', cx.request.headers) ?? { from: 0, length: blob.length }
  if (range.from > blob.length || (range.from === blob.length && blob.length > 0))
    throw refusals.invalidRange(blob.length)
  const length = Math.min(range.length, blob.length - range.from)
  if (length > most) throw refusals.bodyTooLarge(most)
  return { bytes: await bytesOf(cx, readPart, blob, { from: range.from, length }), length }
}
