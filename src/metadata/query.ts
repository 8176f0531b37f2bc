import { apiVersionInvalid, queryMalformed, queryTooLong, queryVariableRepeated } from './refusal.ts'

export type Query = ReadonlyMap<string, string>

/** Longer than any request with two resource ids in it; what is cached by a value of the query stays small. */
const longestQuery = 8192

const needsCare = /[%+]|\p{Cc}/u
const control = /\p{Cc}/u

/**
 * Splits a raw query string. By hand, because URLSearchParams takes longer than all the rest of a cached token
 * request and mends broken encodings instead of refusing them. Names are compared without regard to case.
 */
export function parseQuery(raw: string): Query {
  if (raw.length > longestQuery) throw queryTooLong()
  const query = new Map<string, string>()
  for (let start = 0; start < raw.length; ) {
    let end = raw.indexOf('&', start)
    if (end < 0) end = raw.length
    if (end > start) {
      const equals = raw.indexOf('=', start)
      const split = equals < 0 || equals > end ? end : equals
      const name = decoded(raw.slice(start, split)).toLowerCase()
      if (query.has(name)) throw queryVariableRepeated(name)
      query.set(name, decoded(raw.slice(split + 1, end)))
    }
    start = end + 1
  }
  return query
}

/** The api-version of a request, if it is one of `known`. */
export function requireVersion(query: Query, known: ReadonlySet<string>): string {
  const version = query.get('api-version')
  if (version === undefined || !known.has(version)) throw apiVersionInvalid()
  return version
}

function decoded(text: string): string {
  if (!needsCare.test(text)) return text
  let result: string
  try {
    result = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw queryMalformed()
  }
  if (control.test(result)) throw queryMalformed()
  return result
}
