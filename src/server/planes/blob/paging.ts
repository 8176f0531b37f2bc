import { invalidQuery, queryOutOfRange } from './refusals.ts'

const most = 5000

/** Throws 400. */
export function maxResults(url: URL): number {
  const text = url.searchParams.get('maxresults')
  if (text === null || text === '') return most
  if (!/^-?\d{1,10}$/.test(text)) throw invalidQuery('maxresults', text)
  const value = Number(text)
  if (value < 1) throw queryOutOfRange('maxresults', text, 1, most)
  return Math.min(value, most)
}

/** Rows that a page reads at a time. */
export const largestPortion = 100

/**
 * Of rows that one page may read. Where few of many are to be shown it ends early, with a marker: a page takes about as
 * long as any other, however much there is.
 */
export const mostRead = (limit: number) => 1000 + 2 * limit

/** What a list goes on from. Opaque to clients. */
export const markerOf = (position: Readonly<Record<string, string>>) =>
  `2!${Buffer.from(JSON.stringify(position)).toString('base64url')}`

/** Throws 400 for one that this server did not make. */
export function positionIn(url: URL): Readonly<Record<string, string>> | undefined {
  const marker = url.searchParams.get('marker')
  if (marker === null || marker === '') return undefined
  try {
    const position: unknown = JSON.parse(Buffer.from(marker.replace(/^2!/, ''), 'base64url').toString())
    if (typeof position === 'object' && position !== null && Object.values(position).every(v => typeof v === 'string'))
      return position as Record<string, string>
  } catch {
    // Not ours: it is refused below.
  }
  throw invalidQuery('marker', marker)
}

/** The comma-separated words of `include`, which must be some of these. Throws 400. */
export function included<Word extends string>(url: URL, known: readonly Word[]): ReadonlySet<Word> {
  const text = url.searchParams.getAll('include').join(',').toLowerCase()
  const words = text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '')
  const unknown = words.find(word => !(known as readonly string[]).includes(word))
  if (unknown !== undefined) throw invalidQuery('include', unknown)
  return new Set(words as Word[])
}
