import type { Extents } from '../../extents/extents.ts'
import type { Piece, Range } from '../../store/contents.ts'
import { canRead } from './acl.ts'
import { headersOf, sendAgain } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { numberIn } from './parameters.ts'
import { badOffset, notAFile } from './refusals.ts'
import { demandBits, demandFound } from './walk.ts'

/** Reads a file, or a part of it. */
export const openFile = [
  ...fileOperation<'read'>({
    method: 'GET',
    op: 'OPEN',
    verb: 'read',
    async run(ask) {
      await readable(ask)
      return sendAgain(ask.cx.request, 'read')
    },
  }),
  ...fileOperation<'read'>({
    method: 'GET',
    op: 'OPEN',
    query: 'read=true',
    verb: 'read',
    async run(ask) {
      const { cx, grant, parameters } = ask
      const file = await readable(ask)
      const from = numberIn(parameters, 'offset') ?? 0
      if (from > file.length) throw badOffset(from, file.length)
      const length = Math.min(numberIn(parameters, 'length') ?? Number.MAX_SAFE_INTEGER, file.length - from)
      const range = { from, length }
      const pieces = length === 0 ? [] : await cx.store.contents.pieces(grant, file.content, range)
      const bytes = ReadableStream.from(bytesOf(cx.extents, pieces, range))
      return new Response(length === 0 ? null : (bytes as ReadableStream<Uint8Array<ArrayBuffer>>), {
        headers: {
          ...headersOf(),
          'Content-Type': 'application/octet-stream',
          'Content-Length': String(length),
        },
      })
    },
  }),
]

async function readable(ask: Ask<'read'>) {
  const file = demandFound(ask.way)
  demandBits(ask.who, file, canRead)
  if (file.kind === 'DIRECTORY') throw notAFile()
  return file
}

async function* bytesOf(extents: Extents, pieces: readonly Piece[], range: Range): AsyncGenerator<Uint8Array> {
  const end = range.from + range.length
  for (const piece of pieces) {
    const from = Math.max(range.from, piece.at)
    const length = Math.min(end, piece.at + piece.length) - from
    if (length <= 0) continue
    const within = from - piece.at
    if ('bytes' in piece) yield piece.bytes.subarray(within, within + length)
    else yield* extents.read(piece.extent, { from: piece.extentAt + within, length })
  }
}
