import { streamOf } from '../../door/long-answer.ts'
import { lookedAtAnew, readContent } from '../../extents/read-content.ts'
import { canRead } from './acl.ts'
import { headersOf, sendAgain } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { numberIn } from './parameters.ts'
import { badOffset, notAFile } from './refusals.ts'
import { demandBits, demandFound, walk } from './walk.ts'

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
      const { bytes, length } = await lookedAtAnew(async attempt => {
        const way = attempt === 0 ? ask.way : await walk(cx.store.dataLakeFiles, ask, ask.path)
        const file = await readable({ ...ask, way })
        const from = numberIn(parameters, 'offset') ?? 0
        if (from > file.length) throw badOffset(from, file.length)
        const length = Math.min(numberIn(parameters, 'length') ?? Number.MAX_SAFE_INTEGER, file.length - from)
        const wanted = { content: file.content, range: { from, length }, sparse: false }
        return { bytes: await readContent(cx, grant, wanted), length }
      })
      return new Response(length === 0 ? null : (streamOf(bytes) as ReadableStream<Uint8Array<ArrayBuffer>>), {
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
