import { byCodeUnit, byCulture } from './header-order.ts'
import { isSignedWithOneOf } from './hmac.ts'
import { type Query, readQuery } from './query.ts'
import { failed, type Refusal } from './refusal.ts'

/** `Authorization: SharedKey account:signature`: a whole request, signed with a key of its account. */
export type SharedKey = {
  readonly scheme: 'SharedKey' | 'SharedKeyLite'
  readonly account: string
  readonly signature: string
}

/** What of a request is signed. */
export type SignedRequest = {
  readonly method: string
  readonly headers: Headers
  /** As it was sent, still percent-encoded, with the account as its first segment where it stood there. */
  readonly path: string
  /** As it was sent. */
  readonly search: string
}

export function readSharedKey(authorization: string): SharedKey | undefined {
  const match = /^(SharedKey|SharedKeyLite)\s+([a-z0-9-]+):([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.trim())
  if (!match) return undefined
  const [, scheme = '', account = '', signature = ''] = match
  return { scheme: scheme.length > 'SharedKey'.length ? 'SharedKeyLite' : 'SharedKey', account, signature }
}

const skewMs = 15 * 60_000

/** Whoever holds a key of the account may do anything with its data, so there is nothing to check but the signature. */
export function refuseSharedKey(
  request: SignedRequest,
  { scheme, account, signature }: SharedKey,
  { keys, now }: { readonly keys: readonly Uint8Array[]; readonly now: number },
): Refusal | undefined {
  const date = request.headers.get('x-ms-date') ?? request.headers.get('date')
  if (date === null) return failed('Either x-ms-date or Date must be given in a request that is signed.')
  const at = Date.parse(date)
  if (Number.isNaN(at)) return failed(`Request date header is not well formed: '${date}'`)
  if (at < now - skewMs) return failed(`Request date header too old: '${date}'`)
  if (at > now + skewMs) return failed(`Request date header too far in the future: '${date}'`)
  const texts = scheme === 'SharedKey' ? stringsToSign(request, account) : liteStringsToSign(request, account)
  if (isSignedWithOneOf(keys, texts, signature)) return undefined
  return failed(
    `The MAC signature found in the HTTP request '${signature}' is not the same as any computed signature. ` +
      `Server used following string to sign: '${texts[0]}'.`,
  )
}

/** All texts that a correct client may have signed for this request; the documented one is the first. */
export function stringsToSign({ method, headers, path, search }: SignedRequest, account: string): readonly string[] {
  const value = (name: string) => headers.get(name) ?? ''
  // The JavaScript library signs the language before the encoding.
  const encodings = [
    [value('content-encoding'), value('content-language')],
    [value('content-language'), value('content-encoding')],
  ]
  const rest = [
    lengthOf(headers),
    value('content-md5'),
    value('content-type'),
    headers.has('x-ms-date') ? '' : value('date'),
    value('if-modified-since'),
    value('if-match'),
    value('if-none-match'),
    value('if-unmodified-since'),
    value('range'),
  ]
  const query = canonicalQuery(readQuery(search))
  return combined(
    encodings.map(first => `${[method.toUpperCase(), ...first, ...rest].join('\n')}\n`),
    canonicalHeaders(headers),
    canonicalPaths(path, account).map(resource => resource + query),
  )
}

/** Of old clients: fewer headers, and of the query only what says which part of the resource is meant. */
export function liteStringsToSign(
  { method, headers, path, search }: SignedRequest,
  account: string,
): readonly string[] {
  const value = (name: string) => headers.get(name) ?? ''
  const date = headers.has('x-ms-date') ? '' : value('date')
  const head = `${[method.toUpperCase(), value('content-md5'), value('content-type'), date].join('\n')}\n`
  const component = readQuery(search).find(([name]) => name.toLowerCase() === 'comp')?.[1]
  const query = component === undefined ? '' : `?comp=${component}`
  return combined(
    [head],
    canonicalHeaders(headers),
    canonicalPaths(path, account).map(resource => resource + query),
  )
}

const combined = (heads: readonly string[], headers: readonly string[], resources: readonly string[]) => [
  ...new Set(heads.flatMap(head => headers.flatMap(lines => resources.map(resource => head + lines + resource)))),
]

/** A length of zero is signed as nothing from 2015-02-21 on. */
function lengthOf(headers: Headers): string {
  const length = headers.get('content-length') ?? ''
  return length === '0' && (headers.get('x-ms-version') ?? '2015-02-21') >= '2015-02-21' ? '' : length
}

function canonicalHeaders(headers: Headers): readonly string[] {
  const signed = [...headers].filter(([name]) => name.startsWith('x-ms-'))
  return [byCodeUnit, byCulture].map(order =>
    signed
      .toSorted(([a], [b]) => order(a, b))
      .map(([name, value]) => `${name}:${value.trim()}\n`)
      .join(''),
  )
}

/**
 * The account stands before a path that may have it itself: `/a/a/c/b` for `localhost/a/c/b`. Clients of the secondary
 * endpoint leave its suffix in or take it away.
 */
function canonicalPaths(path: string, account: string): readonly string[] {
  const primary = account.replace(/-secondary$/, '')
  const sent = path === '' ? '/' : path
  const withoutSuffix = sent.replace(new RegExp(`^/${primary}-secondary(?=/|$)`), `/${primary}`)
  return [...new Set([primary, account])].flatMap(name => [`/${name}${sent}`, `/${name}${withoutSuffix}`])
}

/** Every parameter on a line of its own, sorted by its name in lower case; the values of one, sorted, on one line. */
function canonicalQuery(query: Query): string {
  const values = new Map<string, string[]>()
  for (const [name, value] of query) {
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), value])
  }
  return [...values]
    .toSorted(([a], [b]) => byCodeUnit(a, b))
    .map(([name, all]) => `\n${name}:${all.toSorted(byCodeUnit).join(',')}`)
    .join('')
}
