import type { Context } from '../../../door/operation.ts'
import { empty } from '../answer.ts'
import { takeSourcePart } from '../source-part.ts'
import { hashHeaders } from '../take-in.ts'
import { keepBlock } from './keep-block.ts'

const longestBlock = 4000 * 1024 * 1024

export async function putBlockFromUrl(cx: Context<'write'>, id: string): Promise<Response> {
  const taken = await takeSourcePart(cx, longestBlock)
  try {
    await keepBlock(cx, id, taken)
    return empty(201, { ...hashHeaders(taken), 'x-ms-request-server-encrypted': 'true' })
  } finally {
    taken.release()
  }
}
