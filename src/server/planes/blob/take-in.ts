import { buffer } from 'node:stream/consumers'
import { bodyOf } from '../../door/body.ts'
import type { Context } from '../../door/operation.ts'
import type { Kept } from '../../extents/kept.ts'
import type { Piece } from '../../store/contents.ts'
import { type GivenHashes, givenHashes, type Hashes, hashing } from './hashes.ts'
import * as refusals from './refusals.ts'

/** Bodies up to this length are kept in their rows: a file for each would take a sync, and a block of the disk. */
const shortBody = 16 * 1024

export type Taken = Kept &
  Hashes & {
    readonly length: number
    /** Where the bytes are now. */
    readonly at: { readonly bytes: Uint8Array } | { readonly extent: string }
  }

type Wish = {
  readonly most: number
  /**
   * Throws what would be refused after the body as well. Asked before anything goes to disk; whoever keeps what was taken
   * in asks again, in the transaction.
   */
  readonly isRefused: () => Promise<unknown>
  /** Whether its MD5 is kept or told, though the client does not send one. */
  readonly md5: boolean
}

/**
 * Takes in the body of a request and checks it against the hashes that the client sent. Whatever is longer than a row
 * goes to disk as it comes. Throws 400, 411 or 413, and leaves nothing then.
 */
export async function takeIn(cx: Context, { most, md5, isRefused }: Wish): Promise<Taken> {
  const { headers } = cx.request
  const length = announcedLength(headers)
  if (length > most) throw refusals.bodyTooLarge(most)
  const given = givenHashes(headers)
  const whole = async () => new Uint8Array(await cx.request.arrayBuffer().catch(refuseEarlyEnd))
  return keep(cx, { length, whole, portions: () => bodyOf(cx, refusals.endedEarly), md5, given, isRefused })
}

/** The same for bytes of another blob, with the hashes that the client knows of those. */
export function takeOver(
  cx: Context,
  bytes: AsyncIterable<Uint8Array>,
  length: number,
  isRefused: Wish['isRefused'],
): Promise<Taken> {
  const given = givenHashes(cx.request.headers, 'x-ms-source-')
  return keep(cx, { length, whole: () => buffer(bytes), portions: () => bytes, md5: false, given, isRefused })
}

type Incoming = {
  readonly length: number
  whole(): Promise<Uint8Array>
  portions(): AsyncIterable<Uint8Array>
  readonly md5: boolean
  readonly given: GivenHashes
  readonly isRefused: Wish['isRefused']
}

async function keep(
  { extents }: Pick<Context, 'extents'>,
  { length, whole, portions, md5, given, isRefused }: Incoming,
): Promise<Taken> {
  const hashes = hashing(given, { md5 })
  if (length <= shortBody) {
    const bytes = length === 0 ? nothing : await whole()
    if (bytes.length !== length) throw refusals.endedEarly(undefined)
    hashes.update(bytes)
    return { length, at: { bytes }, ...hashes.checked(), ...inMemory }
  }

  await isRefused()
  async function* hashed() {
    for await (const portion of portions()) {
      hashes.update(portion)
      yield portion
    }
  }
  const written = await extents.write(hashed())
  const kept = { release: () => extents.release(written.id), discard: () => extents.remove(written.id) }
  try {
    if (written.length !== length) throw refusals.endedEarly(undefined)
    return { length, at: { extent: written.id }, ...hashes.checked(), ...kept }
  } catch (error) {
    kept.release()
    await kept.discard()
    throw error
  }
}

const inMemory: Kept = { release: () => undefined, discard: async () => undefined }

const nothing = new Uint8Array()

function refuseEarlyEnd(cause: unknown): never {
  throw refusals.endedEarly(cause)
}

function announcedLength(headers: Headers): number {
  const text = headers.get('content-length')
  if (text === null) throw refusals.missingContentLength()
  if (!/^\d{1,15}$/.test(text)) throw refusals.invalidHeader('Content-Length', text)
  return Number(text)
}

/** What was taken in, as a piece of a content. */
export const pieceAt = (at: number, { at: where, length }: Pick<Taken, 'at' | 'length'>): Piece => ({
  at,
  length,
  ...('bytes' in where ? where : { extent: where.extent, extentAt: 0 }),
})
