import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { getRequestListener } from '@hono/node-server'
import type { SecureContexts } from '../certificates/secure-contexts.ts'
import { isErrno } from '../store/durable-file.ts'
import { httpOnAccepted } from './accepted.ts'
import type { Door } from './handle.ts'
import { type ProxyParts, proxyHandlers } from './proxy.ts'
import type { StampedResponse } from './stamped-response.ts'

/** Bound, not yet answering: the port is known before anything is built that has to name it. Early clients wait. */
export type BoundPort = { readonly port: number; readonly servers: readonly Server[]; readonly waiting: Set<Socket> }

export async function bindPort(port: number): Promise<BoundPort> {
  const waiting = new Set<Socket>()
  const ipv4 = await listenOn(port, '127.0.0.1', waiting)
  const bound = (ipv4.address() as AddressInfo).port
  try {
    return { port: bound, servers: [ipv4, await listenOn(bound, '::1', waiting)], waiting }
  } catch (error) {
    // A host without IPv6 is fine; somebody else's server on ::1 is not: half of the clients would reach that one.
    if (isErrno(error, 'EADDRNOTAVAIL') || isErrno(error, 'EAFNOSUPPORT')) {
      return { port: bound, servers: [ipv4], waiting }
    }
    ipv4.close()
    throw error
  }
}

const listenOn = (port: number, host: string, waiting: Set<Socket>) =>
  new Promise<Server>((resolve, reject) => {
    const server = createServer(socket => waiting.add(socket))
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })

const tlsRecord = 0x16
const firstByteLimitMs = 15_000

export type Ears = {
  /** TLS for the planes, whoever accepted the connection. */
  serveTls(socket: Socket, actingAs?: string): void
  /** Plain HTTP for the metadata address inside a machine network. */
  serveMetadata(socket: Socket): void
  /** Answers what was accepted, then ends; what is not done by then is cut off. */
  close(limitMs: number): Promise<void>
}

export type EarParts = Omit<ProxyParts, 'serveTls'> & {
  readonly door: Door
  readonly secureContexts: SecureContexts
  /** The machine behind a connection to the metadata address inside a machine network. */
  readonly machineAt: (socket: Socket) => string | undefined
}

/** One port for everything: a TLS first byte goes to the planes, anything else is a proxy request. */
export function openEars(bound: BoundPort, parts: EarParts): Ears {
  const actingAsOf = new WeakMap<object, string>()
  const withoutName = contextWithoutName(parts.secureContexts)

  const planes = httpOnAccepted(
    // Puts light forms of Request and Response in the place of Node's own, with which an answer takes half as long again.
    getRequestListener(async (request, { incoming, outgoing }) => {
      const { socket } = incoming as IncomingMessage
      const actingAs = actingAsOf.get(socket)
      const { response, stamp, instead } = await parts.door(request, {
        address: socket.remoteAddress ?? '',
        body: incoming as IncomingMessage,
        rawHeaders: incoming.rawHeaders,
        target: (incoming as IncomingMessage).url,
        ...(actingAs === undefined ? {} : { actingAs }),
      })
      Object.assign(outgoing as StampedResponse, { stamp, instead })
      return response
    }),
  )
  const serveTls = (socket: Socket, actingAs?: string) => {
    socket.on('error', () => socket.destroy())
    withoutName().then(
      secureContext => {
        const secure = new TLSSocket(socket, {
          isServer: true,
          secureContext,
          ALPNProtocols: ['http/1.1'],
          SNICallback: (name, done) => {
            parts.secureContexts.secureContextFor(name).then(
              // Without an error the context for nameless clients would be shown, under a name it is not good for.
              context => (context ? done(null, context) : done(new Error(`not served: ${name}`))),
              error => done(error as Error),
            )
          },
        })
        secure.on('error', () => secure.destroy())
        if (actingAs !== undefined) actingAsOf.set(secure, actingAs)
        planes.take(secure)
      },
      () => socket.destroy(),
    )
  }

  const proxy = httpOnAccepted()
  const handlers = proxyHandlers({ ...parts, serveTls })
  proxy.server.on('connect', handlers.onConnect)
  proxy.server.on('request', (incoming, outgoing) => endOnFailure(handlers.onRequest(incoming, outgoing), outgoing))

  const metadata = httpOnAccepted((incoming, outgoing) => {
    endOnFailure(
      parts.serveMetadata(incoming, outgoing, incoming.url ?? '', parts.machineAt(incoming.socket)),
      outgoing,
    )
  })

  const accept = (socket: Socket) => {
    socket.setNoDelay(true)
    socket.setTimeout(firstByteLimitMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.once('readable', () => {
      const first = socket.read(1) as Buffer | null
      if (first === null) {
        socket.destroy()
        return
      }
      socket.setTimeout(0)
      socket.unshift(first)
      if (first[0] === tlsRecord) serveTls(socket)
      else proxy.take(socket)
    })
  }
  for (const server of bound.servers) server.removeAllListeners('connection').on('connection', accept)
  for (const socket of bound.waiting) accept(socket)
  bound.waiting.clear()

  return {
    serveTls,
    serveMetadata: socket => metadata.take(socket),
    async close(limitMs) {
      for (const server of bound.servers) server.close()
      await Promise.all([planes, proxy, metadata].map(server => server.close(limitMs)))
    },
  }
}

/** For clients that connect to an address. Made when the first one comes, renewed before its certificate expires. */
function contextWithoutName(secureContexts: SecureContexts): () => Promise<SecureContext> {
  let known: { cert: string; context: SecureContext } | undefined
  return async () => {
    const credentials = await secureContexts.addressCredentials()
    if (known?.cert !== credentials.cert)
      known = { cert: credentials.cert, context: createSecureContext({ ...credentials, minVersion: 'TLSv1.2' }) }
    return known.context
  }
}

function endOnFailure(work: Promise<void>, outgoing: ServerResponse): void {
  work.catch(() => outgoing.destroy())
}
