import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { StampedResponse } from './stamped-response.ts'

/** What a slow or greedy client may not exceed. */
const limits = {
  maxHeaderSize: 64 * 1024,
  headersTimeout: 15_000,
  // Of a whole request, however long its body is to be; `endIfSlow` says how long that may take.
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
}

/** HTTP on connections that somebody else accepted: out of a tunnel, from another network namespace, behind a first byte. */
export type Accepted = {
  readonly server: Server
  take(connection: Duplex): void
  /** Answers what was asked already, then ends; what is not done by the limit is cut off. */
  close(limitMs: number): Promise<void>
}

export function httpOnAccepted(listener?: RequestListener): Accepted {
  const server = createServer({ ...limits, ServerResponse: StampedResponse }, listener)
  server.on('request', endIfSlow)
  const open = new Set<Duplex>()
  // Node enforces its time limits, and can tell idle connections, from this event on; a server without a port never has it.
  server.emit('listening')
  server.on('clientError', refuse)

  return {
    server,
    take(connection) {
      open.add(connection)
      connection.once('close', () => open.delete(connection))
      server.emit('connection', connection)
    },
    async close(limitMs) {
      const until = performance.now() + limitMs
      server.closeIdleConnections()
      while (open.size > 0 && performance.now() < until) {
        await new Promise(resolve => setTimeout(resolve, 10))
        server.closeIdleConnections()
      }
      server.closeAllConnections()
      for (const connection of open) connection.destroy()
      // Ends the timer of the limits. There is no port to close, which is what it complains about.
      server.close(() => undefined)
    },
  }
}

const bodyLimitMs = 120_000
/** Of what a body's length says is to come, in bytes a millisecond: 16 KiB a second. */
const slowest = 16

/** A body may take two minutes, and longer when it is long, but nobody holds a connection by sending next to nothing. */
function endIfSlow(request: IncomingMessage): void {
  if (request.complete || (request.headers['content-length'] ?? '0') === '0') {
    if (request.headers['transfer-encoding'] === undefined) return
  }
  const length = Number(request.headers['content-length'] ?? 0)
  const timer = setTimeout(() => request.destroy(), bodyLimitMs + length / slowest)
  request.once('close', () => clearTimeout(timer))
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
/** For the client to read why. */
const lingerMs = 1_000

/**
 * The answer to what is no request. Node's own way cuts the connection at once, and then what the client was still
 * sending makes the system throw the answer away.
 */
function refuse(error: Error & { code?: string }, connection: Duplex): void {
  if (!connection.writable) return
  const status = refusals[error.code ?? ''] ?? '400 Bad Request'
  connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const linger = setTimeout(() => connection.destroy(), lingerMs)
  connection.once('close', () => clearTimeout(linger))
}
