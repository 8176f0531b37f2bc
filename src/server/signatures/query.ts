/** Names and values of a query, decoded. */
export type Query = readonly (readonly [name: string, value: string])[]

/**
 * Reads a query string as signatures see it: `%xx` is decoded and `+` stays a plus, which base64 is full of. A form
 * parser would make a blank of it. Escapes that are none stay as they are.
 */
export function readQuery(search: string): Query {
  return search
    .replace(/^\?/, '')
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [decoded(pair), ''] : [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))]
    })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}
