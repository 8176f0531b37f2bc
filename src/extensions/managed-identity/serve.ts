import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import type { MetadataResponse } from '../../metadata/exchange.ts'
import { queryTooLong, renderRefusal } from '../../metadata/refusal.ts'
import { HandlerFailure } from '../handler/failure.ts'
import { type AskMetadata, answer } from './endpoint.ts'

/** sd_listen_fds(3): the sockets that systemd has opened come in this order, from here on. */
const firstSocket = 3

/** Longer than any form with two resource ids in it. */
const longestBody = 8192
const patienceMs = 30_000
const mostConnections = 64

/** Serves the endpoint on the sockets that systemd has handed over. Does not end; resolves when it is listening. */
export async function serve(variables: Readonly<Record<string, string | undefined>>): Promise<void> {
  const sockets = Number(variables.LISTEN_FDS ?? 0)
  if (!Number.isInteger(sockets) || sockets < 1 || variables.LISTEN_PID !== String(process.pid))
    throw new HandlerFailure('No sockets were handed over: only systemd starts the endpoint')
  const ask = metadataAt({ host: '169.254.169.254', port: 80 })
  for (let socket = 0; socket < sockets; socket++) {
    const server = openEndpoint(ask)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ fd: firstSocket + socket }, resolve)
    })
  }
}

/** The endpoint, not listening yet. */
export function openEndpoint(ask: AskMetadata): Server {
  const limits = { requestTimeout: patienceMs, headersTimeout: patienceMs }
  const server = createServer(limits, (incoming, outgoing) => {
    respond(incoming, ask).then(
      ({ status, headers, body }) => {
        // The connection stays usable only if all of the request has been read.
        const close = incoming.complete ? {} : { connection: 'close' }
        outgoing.writeHead(status, { ...headers, ...close }).end(body)
      },
      // The client went away in the middle of its request.
      () => outgoing.destroy(),
    )
  })
  server.maxConnections = mostConnections
  return server
}

async function respond(incoming: IncomingMessage, ask: AskMetadata): Promise<MetadataResponse> {
  const body = await bodyOf(incoming)
  if (body === undefined) return renderRefusal(queryTooLong(), 'identity')
  const [path = '', query = ''] = (incoming.url ?? '').split(/\?(.*)/s)
  const headers = (name: string) => {
    const value = incoming.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  return answer({ method: incoming.method ?? '', path, query, headers, body }, ask)
}

/** Undefined when it is longer than allowed; the rest of it is not read then. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > longestBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Never through a proxy, whatever the environment says: the metadata service knows a machine by where it asks from. */
export const metadataAt =
  ({ host, port }: { host: string; port: number }): AskMetadata =>
  path =>
    new Promise((resolve, reject) => {
      const headers = { metadata: 'true' }
      const asked = request({ host, port, path, headers, agent: false, timeout: patienceMs }, response => {
        const { statusCode: status = 500, headers } = response
        const kept = ['content-type', 'server', 'cache-control', 'retry-after'].flatMap(name => {
          const value = headers[name]
          return typeof value === 'string' ? [[name, value] as const] : []
        })
        text(response).then(body => resolve({ status, headers: Object.fromEntries(kept), body }), reject)
      })
      asked.once('timeout', () => asked.destroy(new Error(`no answer in ${patienceMs / 1000} s`)))
      asked.once('error', reject)
      asked.end()
    })
