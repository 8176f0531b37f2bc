import type { Call } from '../../door/operation.ts'
import { parseFilter } from './filter.ts'
import { unsupportedQuery } from './refusals.ts'

type Shape = Readonly<Record<string, unknown>>

const largestPage = 999
const usualPage = 100

/** A collection as `$filter`, `$top`, `$select` and the page asked for leave it. */
export function listed({ url }: Pick<Call, 'url'>, name: string, objects: readonly Shape[]): Response {
  const query = url.searchParams
  const filter = query.get('$filter')
  const found = filter ? objects.filter(parseFilter(filter)) : objects
  const top = wholeNumber(query, '$top', usualPage)
  if (top < 1 || top > largestPage) throw unsupportedQuery(`$top is between 1 and ${largestPage}.`)
  const from = wholeNumber(query, '$skiptoken', 0)
  const next = new URL(url)
  next.searchParams.set('$skiptoken', String(from + top))
  return Response.json({
    '@odata.context': context(url, name),
    ...(query.get('$count') === 'true' ? { '@odata.count': found.length } : {}),
    ...(found.length > from + top ? { '@odata.nextLink': next.href } : {}),
    value: found.slice(from, from + top).map(object => selected(query, object)),
  })
}

/** One object of a collection. */
export const shown = ({ url }: Pick<Call, 'url'>, name: string, object: Shape, status = 200): Response =>
  Response.json(
    { '@odata.context': `${context(url, name)}/$entity`, ...selected(url.searchParams, object) },
    { status },
  )

function selected(query: URLSearchParams, object: Shape): Shape {
  const names = query
    .get('$select')
    ?.split(',')
    .map(name => name.trim())
  if (!names || names.includes('*')) return object
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name) || name.startsWith('@')))
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  if (!/^\d{1,9}$/.test(text)) throw unsupportedQuery(`'${name}' is a number.`)
  return Number(text)
}

/** The address up to the version: `https://graph.microsoft.com/v1.0`, `https://localhost:4443/graph/beta`. */
export const versionRoot = (url: URL): string =>
  url.origin + (/^.*?\/(?:v1\.0|beta)(?=\/|$)/i.exec(url.pathname)?.[0] ?? '')

const context = (url: URL, name: string) => `${versionRoot(url)}/$metadata#${name}`
