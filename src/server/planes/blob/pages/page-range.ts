import type { Range } from '../../../store/contents.ts'
import * as refusals from '../refusals.ts'

export const pageSize = 512
const longest = 8 * 1024 ** 4

/** Of a page blob. Throws 400. */
export function pageLength(text: string): number {
  const length = Number(text)
  if (!/^\d{1,14}$/.test(text) || length % pageSize !== 0 || length > longest)
    throw refusals.invalidHeader('x-ms-blob-content-length', text)
  return length
}

/** `x-ms-range` or `Range`, of whole pages. Throws 400 or 416. */
export function pageRange(headers: Headers): Range {
  const given = headers.get('x-ms-range') ?? headers.get('range')
  if (given === null) throw refusals.missingHeader('x-ms-range')
  const match = /^bytes=(\d{1,14})-(\d{1,14})$/.exec(given.trim())
  if (!match) throw refusals.invalidHeader('x-ms-range', given)
  const [from, to] = [Number(match[1]), Number(match[2]) + 1]
  if (from % pageSize !== 0 || to % pageSize !== 0 || to <= from) throw refusals.invalidPageRange()
  return { from, length: to - from }
}

/** `x-ms-if-sequence-number-…`. Throws 400 or 412. */
export function checkSequenceNumber(headers: Headers, now: number): void {
  const tests = { le: (n: number) => now <= n, lt: (n: number) => now < n, eq: (n: number) => now === n }
  for (const [name, holds] of Object.entries(tests)) {
    const header = `x-ms-if-sequence-number-${name}`
    const text = headers.get(header)
    if (text === null) continue
    if (!/^\d{1,15}$/.test(text)) throw refusals.invalidHeader(header, text)
    if (!holds(Number(text))) throw refusals.sequenceNumberNotMet()
  }
}
