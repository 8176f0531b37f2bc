import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { proxyHandlers } from './proxy.ts'
import { openTickets } from './tickets.ts'

async function listening<S extends Server | HttpServer>(t: TestContext, server: S): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The proxy alone, without a server behind it: what ends here is noted, not answered. */
async function openProxy(t: TestContext) {
  const tunnelsThatEndHere: string[] = []
  const handlers = proxyHandlers({
    domain: 'lazuli.localhost',
    tickets: openTickets(Buffer.alloc(32)),
    httpChallenges: { answerTo: path => (path === '/.well-known/acme-challenge/t' ? 't.thumbprint' : undefined) },
    serveTls: socket => {
      tunnelsThatEndHere.push('tunnel')
      socket.end()
    },
    serveMetadata: async (_incoming, outgoing, target) => {
      outgoing.end(`metadata ${target}`)
    },
  })
  const server = createServer((incoming, outgoing) => void handlers.onRequest(incoming, outgoing))
  server.on('connect', handlers.onConnect)
  const port = await listening(t, server)

  /** Sends bytes and returns all that comes back until the connection ends. */
  const exchange = async (bytes: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    return text(socket)
  }
  return { exchange, tunnelsThatEndHere }
}

/** A server that answers whatever it is asked with the same bytes, and keeps what it was asked. */
async function openUpstream(t: TestContext, answer: string) {
  const asked: string[] = []
  const upstream = createTcpServer((socket: Socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', data => {
      asked.push(data.toString('latin1'))
      socket.end(Buffer.from(answer, 'latin1'))
    })
  })
  return { port: await listening(t, upstream), asked }
}

const emptyBody = 'Content-Length: 0\r\n\r\n'
const answersThatAreNone: [what: string, answer: string][] = [
  ['a status of 000', `HTTP/1.1 000 OK\r\n${emptyBody}`],
  ['a status of 099', `HTTP/1.1 099 OK\r\n${emptyBody}`],
  ['a switch of protocols', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n`],
  ['no HTTP at all', 'SSH-2.0-something\r\n'],
]

for (const [what, answer] of answersThatAreNone) {
  test(`a server that answers with ${what} gets its client a 502, and the proxy lives on`, async t => {
    const { exchange } = await openProxy(t)
    const upstream = await openUpstream(t, answer)
    const request = `GET http://127.0.0.1:${upstream.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    assert.match(await exchange(request), /^HTTP\/1\.1 502 /)
    assert.match(await exchange(request), /^HTTP\/1\.1 502 /)
  })
}

test('an answer that breaks off ends the connection, so that the client does not take it for whole', async t => {
  const { exchange } = await openProxy(t)
  const upstream = await openUpstream(t, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
  const received = await exchange(`GET http://127.0.0.1:${upstream.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`).catch(
    (error: NodeJS.ErrnoException) => String(error.code),
  )
  assert.doesNotMatch(received, /0\r\n\r\n$/)
})

test('a server is asked under its own name, and sees nothing that was meant for the proxy alone', async t => {
  const { exchange } = await openProxy(t)
  const upstream = await openUpstream(t, `HTTP/1.1 200 OK\r\n${emptyBody}`)
  const headers = ['Host: other.example', 'Connection: close, X-Hop', 'X-Hop: 1', 'X-End: 2', 'TE: trailers']
  await exchange(`GET http://127.0.0.1:${upstream.port}/ HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  const asked = (upstream.asked[0] ?? '').toLowerCase().split('\r\n')
  assert.ok(asked.includes(`host: 127.0.0.1:${upstream.port}`))
  assert.ok(asked.includes('x-end: 2'))
  assert.deepEqual(
    asked.filter(line => /^(x-hop|te|proxy-)/.test(line)),
    [],
  )
})

test('another spelling of the metadata address leads to it, too', async t => {
  const { exchange } = await openProxy(t)
  for (const host of ['169.254.169.254', '169.254.169.254.', '0xA9FEA9FE', '[::ffff:169.254.169.254]']) {
    const answer = await exchange(`GET http://${host}/metadata HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    assert.match(answer, /metadata \/metadata/, host)
    assert.match(await exchange(`CONNECT ${host}:80 HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 403 /, host)
  }
})

test("Azure's names end here however they are spelled", async t => {
  const { exchange, tunnelsThatEndHere } = await openProxy(t)
  for (const host of ['management.azure.com', 'MANAGEMENT.AZURE.COM', 'management.azure.com.', 'x.lazuli.localhost.']) {
    tunnelsThatEndHere.length = 0
    assert.match(await exchange(`CONNECT ${host}:443 HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 200 /, host)
    assert.deepEqual(tunnelsThatEndHere, ['tunnel'], host)
    const answer = await exchange(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 403 /, host)
  }
})

test('an authority that checks a host by HTTP finds its answer, and nobody finds anything else there', async t => {
  const { exchange } = await openProxy(t)
  const get = (path: string) => exchange(`GET ${path} HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\n\r\n`)
  assert.match(await get('/.well-known/acme-challenge/t'), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n[\s\S]*t\.thumbprint/)
  assert.match(await get('/.well-known/acme-challenge/other'), /^HTTP\/1\.1 400 /)
})
