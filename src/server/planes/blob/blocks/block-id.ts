import * as refusals from '../refusals.ts'

/** In base64, up to 64 bytes; all of a blob have the same length. Throws 400. */
export function checkBlockId(id: string | null): string {
  if (id === null || id === '') throw refusals.missingQuery('blockid')
  const bytes = Buffer.from(id, 'base64')
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(id) && id.length % 4 === 0
  if (!isBase64 || bytes.length < 1 || bytes.length > 64)
    throw refusals.invalidQuery('blockid', id.slice(0, 200), 'Not a valid base64 string.')
  return id
}

/** From a query a plus can arrive as a blank, where a client did not escape it. */
export const blockIdOf = (url: URL) => checkBlockId(url.searchParams.get('blockid')?.replaceAll(' ', '+') ?? null)
