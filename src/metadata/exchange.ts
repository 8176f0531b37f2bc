/** One request and its answer, without a server: what a sandbox's network, a proxy and an agent have in common. */

export type MetadataRequest = {
  readonly method: string
  /** As it was sent, up to the question mark. */
  readonly path: string
  /** As it was sent, after the question mark; empty when there is none. */
  readonly query: string
  /** The value of a header, asked for in lower case. */
  readonly headers: (name: string) => string | undefined
}

export type MetadataResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// Clients tell the metadata service from a captive portal by `Server: IMDS/…`. MSAL for .NET reads four numbers there
// and takes a low last one for a host without certificate-bound tokens, which is what we are.
const shared = { server: 'IMDS/1.0.0.0', 'cache-control': 'no-store' }

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8', ...shared }
const textHeaders = { 'content-type': 'text/plain; charset=utf-8', ...shared }

/** A 200 whose body is JSON text already: the token path renders by hand. */
export const jsonText = (body: string): MetadataResponse => ({ status: 200, headers: jsonHeaders, body })

export const json = (status: number, value: unknown, headers?: Record<string, string>): MetadataResponse => ({
  status,
  headers: headers ? { ...jsonHeaders, ...headers } : jsonHeaders,
  body: JSON.stringify(value),
})

export const text = (body: string): MetadataResponse => ({ status: 200, headers: textHeaders, body })
