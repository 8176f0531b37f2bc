import { Agent, request as httpsRequest } from 'node:https'
import { type Identity, machineToken, type ServerPlace } from './identity.ts'

export type Answer = {
  readonly status: number
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

export type SendOptions = {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly limitMs?: number
}

/** A request to the machine plane. Rejects when there is no answer, for whatever reason. */
export type Send = (method: string, path: string, options?: SendOptions) => Promise<Answer>

const defaultLimitMs = 30_000

/** Requests over TLS to the one server that holds a certificate of `place.ca`, each with a token of this machine. */
export function serverAt(place: ServerPlace, identity: Identity, now: () => number): Send {
  const { hostname } = new URL(place.url)
  const agent = new Agent({ keepAlive: true, ca: place.ca, servername: hostname })
  return (method, path, { headers = {}, body, limitMs = defaultLimitMs } = {}) =>
    new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : JSON.stringify(body)
      const request = httpsRequest(
        {
          host: place.address,
          port: place.port,
          agent,
          method,
          path,
          signal: AbortSignal.timeout(limitMs),
          headers: {
            host: hostname,
            authorization: `Bearer ${machineToken(identity, now())}`,
            ...(content === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
            ...headers,
          },
        },
        response =>
          resolve({
            status: response.statusCode ?? 0,
            header: name => {
              const value = response.headers[name]
              return Array.isArray(value) ? value.join(', ') : value
            },
            body: response,
          }),
      )
      request.on('error', reject)
      request.end(content)
    })
}

/** The whole body; also what frees the connection for the next request. */
export async function readBody({ body }: Answer): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
