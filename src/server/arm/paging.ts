import { AzureError } from '../errors.ts'

/** The resource manager hands out lists in pages; `nextLink` is the same request with a mark of where it goes on. */
export const pageSize = 200

export function pageOf(url: URL): { after?: string; limit: number } {
  const top = url.searchParams.get('$top')
  const limit = top === null ? pageSize : Math.min(Number(top), 1000)
  if (!Number.isInteger(limit) || limit < 1) {
    throw new AzureError(
      400,
      'InvalidTopParameter',
      `The value '${top}' of the $top query parameter is invalid: a positive number was expected.`,
    )
  }
  const token = url.searchParams.get('$skiptoken')
  return { limit, ...(token === null ? {} : { after: Buffer.from(token, 'base64url').toString() }) }
}

/**
 * One row more than a page holds of those that pass, for tests that the store does not know: reads on until the page is
 * full or nothing is left.
 */
export async function readPassing<T>(
  { limit, after }: { limit: number; after?: string },
  read: (page: { limit: number; after?: string }) => Promise<T[]>,
  keyOf: (row: T) => string,
  passes: (row: T) => boolean,
): Promise<T[]> {
  const found: T[] = []
  let from = after
  while (found.length <= limit) {
    const rows = await read({ limit: pageSize, ...(from === undefined ? {} : { after: from }) })
    found.push(...rows.filter(passes))
    const last = rows.at(-1)
    if (!last || rows.length < pageSize) break
    from = keyOf(last)
  }
  return found.slice(0, limit + 1)
}

/** `found` was asked for with one row more than the page holds: that row says whether there is more. */
export function page<T, V>(
  url: URL,
  limit: number,
  found: readonly T[],
  keyOf: (row: T) => string,
  render: (rows: readonly T[]) => V[],
): { value: V[]; nextLink?: string } {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  if (found.length <= limit || last === undefined) return { value: render(shown) }
  const next = new URL(url)
  next.searchParams.set('$skiptoken', Buffer.from(keyOf(last)).toString('base64url'))
  return { value: render(shown), nextLink: next.href }
}
