import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { metadataAt, openEndpoint, serve } from './serve.ts'

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return portOf(server)
}

/** The endpoint in front of a metadata service. */
async function openBoth(t: TestContext, metadata: RequestListener): Promise<string> {
  const port = await listening(t, createServer(metadata))
  const endpoint = await listening(t, openEndpoint(metadataAt({ host: '127.0.0.1', port })))
  return `http://localhost:${endpoint}/oauth2/token`
}

const form = (resource: string) => ({
  method: 'POST',
  headers: { metadata: 'true', 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ resource }).toString(),
})

test('a form becomes the request that the metadata service knows', async t => {
  const seen: unknown[] = []
  const url = await openBoth(t, (request, response) => {
    const { method, url, headers } = request
    seen.push({ method, url, metadata: headers.metadata, forwarded: headers['x-forwarded-for'] })
    response.end('{"access_token":"a","resource":"r"}')
  })
  const answer = await fetch(url, form('r'))
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.deepEqual(await answer.json(), { access_token: 'a', resource: 'r' })
  const path = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r'
  assert.deepEqual(seen, [{ method: 'GET', url: path, metadata: 'true', forwarded: undefined }])
})

test('a client that is to wait is told for how long', async t => {
  const url = await openBoth(t, (_request, response) => {
    response.writeHead(429, { 'retry-after': '1' }).end('{"error":"too_many_requests"}')
  })
  const answer = await fetch(url, form('r'))
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '1'])
})

test('a body that does not end is not kept, and a client that goes away disturbs nobody', async t => {
  const url = await openBoth(t, (_request, response) => response.end('{"access_token":"a"}'))
  const port = Number(new URL(url).port)
  const head = 'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\n'

  const endless = connect(port, '127.0.0.1')
  endless.write(`${head}Content-Length: 1000000\r\n\r\n${'a'.repeat(20_000)}`)
  const [said] = await once(endless, 'data')
  assert.match(String(said), /^HTTP\/1\.1 414 /)
  endless.destroy()

  const gone = connect(port, '127.0.0.1')
  gone.write(`${head}Content-Length: 10\r\n\r\na`)
  gone.end()
  await once(gone.resume(), 'close')
  assert.equal((await fetch(url, form('r'))).status, 200)
})

test('without sockets from systemd there is nothing to serve', async () => {
  await assert.rejects(serve({}), /only systemd starts the endpoint/)
  await assert.rejects(serve({ LISTEN_FDS: '1', LISTEN_PID: '1' }), /only systemd/)
})
