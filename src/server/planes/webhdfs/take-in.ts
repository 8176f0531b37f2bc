import { invalidRequestContent, readBytes } from '../../door/body.ts'
import type { Extents } from '../../extents/extents.ts'
import type { Kept } from '../../extents/kept.ts'
import type { Piece } from '../../store/contents.ts'

/** What a request brought, on disk or small enough for a row. */
export type TakenIn = Kept & {
  readonly length: number
  /** As pieces of something, from a place in it on. */
  pieces(at: number): readonly Piece[]
}

const smallestExtent = 16 * 1024

/** Takes in a body without ever having all of it in memory. Throws 400 when it ends early. */
export async function takeIn(request: Request, extents: Extents): Promise<TakenIn> {
  const announced = request.headers.get('content-length')
  if (request.body === null || (announced !== null && Number(announced) <= smallestExtent)) {
    const bytes = request.body === null ? Buffer.alloc(0) : await readBytes(request, smallestExtent)
    const { length } = bytes
    const pieces = (at: number) => (length === 0 ? [] : [{ at, length, bytes }])
    return { length, pieces, release: () => undefined, discard: async () => undefined }
  }
  const { id, length } = await extents.write(portions(request.body))
  return {
    length,
    pieces: at => (length === 0 ? [] : [{ at, length, extent: id, extentAt: 0 }]),
    release: () => extents.release(id),
    discard: () => extents.remove(id),
  }
}

async function* portions(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(cause => {
      throw invalidRequestContent('the request content ended early', { cause })
    })
    if (done) return
    yield value
  }
}
