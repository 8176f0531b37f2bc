import { type IncomingHttpHeaders, type IncomingMessage, request as requestOf, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { isAzureName, isMetadataAddress, isOwnName } from './names.ts'
import type { Tickets } from './tickets.ts'

/**
 * The proxy that `lazuli exec` points programs at. Azure's names end here, whether we serve them or not; the metadata
 * address ends here, too; everything else passes through untouched.
 */
export type ProxyParts = {
  readonly domain: string
  readonly tickets: Tickets
  /** What an authority that checks a host by HTTP is to find there, by the path. */
  readonly httpChallenges: { answerTo(path: string): string | undefined }
  /** Takes over the client's side of a tunnel, as if the client had connected to the name itself. */
  readonly serveTls: (socket: Socket, actingAs: string | undefined) => void
  readonly serveMetadata: (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    target: string,
    actingAs: string | undefined,
  ) => Promise<void>
}

const connectTimeoutMs = 10_000

export function proxyHandlers(parts: ProxyParts) {
  return {
    /** `CONNECT host:443` */
    onConnect(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
      socket.on('error', () => socket.destroy())
      const actingAs = identityIn(incoming, parts.tickets)
      const target = hostAndPort(incoming.url ?? '')
      if (actingAs === 'refused') refuseTunnel(socket, 407, 'Proxy Authentication Required')
      else if (!target) refuseTunnel(socket, 400, 'Bad Request')
      else if (isOwnName(target.host, parts.domain) || (isAzureName(target.host) && target.port === 443)) {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        if (head.length > 0) socket.unshift(head)
        parts.serveTls(socket, actingAs)
      } else if (isAzureName(target.host) || isMetadataAddress(target.host)) refuseTunnel(socket, 403, 'Forbidden')
      else passThrough(socket, head, target)
    },

    /** A request in absolute form: `GET http://169.254.169.254/metadata/…` */
    async onRequest(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
      const actingAs = identityIn(incoming, parts.tickets)
      const url = absoluteUrl(incoming.url ?? '')
      const challenge = parts.httpChallenges.answerTo(incoming.url ?? '')
      if (challenge !== undefined && incoming.method === 'GET') {
        outgoing.writeHead(200, { 'content-type': 'application/octet-stream' }).end(challenge)
      } else if (actingAs === 'refused')
        refuse(outgoing, 407, 'The user name and password in the proxy address are not valid here.')
      else if (!url)
        refuse(outgoing, 400, 'This port speaks TLS, or is used as a proxy. Use https:// in front of its address.')
      else if (isMetadataAddress(url.hostname)) {
        // The target as it was sent: the service refuses what a URL parser would silently mend.
        const target = (incoming.url ?? '').slice((incoming.url ?? '').indexOf('/', 'http://'.length))
        await parts.serveMetadata(incoming, outgoing, target, actingAs)
      } else if (isAzureName(url.hostname) || isOwnName(url.hostname, parts.domain)) {
        refuse(outgoing, 403, `${url.hostname} is served over https only.`)
      } else forward(incoming, outgoing, url)
    },
  }
}

function identityIn(incoming: IncomingMessage, tickets: Tickets): string | undefined | 'refused' {
  const header = incoming.headers['proxy-authorization']
  if (header === undefined) return undefined
  const encoded = /^Basic\s+(\S+)$/i.exec(header)?.[1] ?? ''
  const [username = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(':')
  return tickets.read(username, password) ?? 'refused'
}

function hostAndPort(authority: string): { host: string; port: number } | undefined {
  try {
    const url = new URL(`http://${authority}`)
    const port = Number(url.port || 80)
    return url.hostname === '' ? undefined : { host: url.hostname, port }
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function absoluteUrl(target: string): URL | undefined {
  return /^http:\/\//i.test(target) && URL.canParse(target) ? new URL(target) : undefined
}

function passThrough(client: Socket, head: Buffer, { host, port }: { host: string; port: number }): void {
  const upstream = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: connectTimeoutMs })
  upstream.once('connect', () => {
    upstream.setTimeout(0)
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) upstream.write(head)
    upstream.pipe(client)
    client.pipe(upstream)
  })
  upstream.once('timeout', () => upstream.destroy(new Error('timeout')))
  upstream.once('error', () =>
    upstream.connecting || !client.bytesWritten ? refuseTunnel(client, 502, 'Bad Gateway') : client.destroy(),
  )
  client.once('close', () => upstream.destroy())
}

const hopByHop = ['connection', 'proxy-authorization', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'upgrade']

/** RFC 9110, 7.6.1: what is between two neighbours only, which a message may add to by name. */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(',')
  const left = new Set([...hopByHop, ...named.map(name => name.trim())])
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !left.has(name)))
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, url: URL): void {
  // RFC 9112, 3.2.2: the target says which server is meant, whatever the client's own Host says.
  const headers = { ...endToEnd(incoming.headers), host: url.host }
  const fail = () => {
    if (outgoing.writableEnded) return
    if (outgoing.headersSent) outgoing.destroy()
    else refuse(outgoing, 502, `${url.host} cannot be reached.`)
  }
  const upstream = requestOf(url, { method: incoming.method, headers, timeout: connectTimeoutMs }, answer => {
    const { statusCode = 0 } = answer
    // Node reads statuses that it refuses to write.
    if (statusCode < 200 || statusCode > 999) {
      fail()
      upstream.destroy()
      return
    }
    outgoing.writeHead(statusCode, endToEnd(answer.headers))
    // Ends both when one of them breaks off: half an answer must not look like a whole one.
    pipeline(answer, outgoing, () => undefined)
  })
  upstream.once('timeout', () => upstream.destroy(new Error('timeout')))
  upstream.once('error', fail)
  // Nobody asked for another protocol: what would have asked stays here.
  upstream.once('upgrade', (_answer, socket) => {
    socket.destroy()
    fail()
  })
  outgoing.once('close', () => upstream.destroy())
  incoming.pipe(upstream)
}

function refuse(outgoing: ServerResponse, status: number, message: string): void {
  const challenge = status === 407 ? { 'proxy-authenticate': 'Basic realm="lazuli"' } : {}
  outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...challenge }).end(`${message}\n`)
}

function refuseTunnel(socket: Socket, status: number, reason: string): void {
  const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="lazuli"\r\n' : ''
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${challenge}Content-Length: 0\r\nConnection: close\r\n\r\n`)
}
