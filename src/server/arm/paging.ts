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
