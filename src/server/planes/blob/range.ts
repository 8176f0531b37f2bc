import type { Range } from '../../store/contents.ts'
import { invalidHeader, invalidRange } from './refusals.ts'

/**
 * `x-ms-range` or `Range`; the former wins. Undefined without one, or with a form that HTTP has and this service has
 * not. Throws 416 for a range that begins behind the end.
 */
export function rangeOf(headers: Headers, length: number): Range | undefined {
  const given = headers.get('x-ms-range') ?? headers.get('range')
  if (given === null) return undefined
  const match = /^bytes=(\d{1,16})-(\d{0,16})$/.exec(given.trim())
  if (!match) return undefined
  const from = Number(match[1])
  const to = match[2] === '' ? length - 1 : Number(match[2])
  if (to < from && match[2] !== '') return undefined
  if (from >= length) throw invalidRange(length)
  return { from, length: Math.min(to, length - 1) - from + 1 }
}

/** One that must be there, with both its ends, such as of the source of a block. Throws 400. */
export function wholeRange(name: string, headers: Headers): Range | undefined {
  const given = headers.get(name)
  if (given === null) return undefined
  const match = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(given.trim())
  if (!match || Number(match[2]) < Number(match[1])) throw invalidHeader(name, given)
  return { from: Number(match[1]), length: Number(match[2]) - Number(match[1]) + 1 }
}
