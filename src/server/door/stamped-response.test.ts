import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { StampedResponse } from './stamped-response.ts'

const stamp = { 'x-ms-request-id': 'one', 'cache-control': 'no-cache' }

/** What a client sees of an answer with these headers of its own, in the order in which it is sent. */
async function sent(t: TestContext, headers?: OutgoingHttpHeaders): Promise<[name: string, value: string][]> {
  const server = createServer({ ServerResponse: StampedResponse }, (_incoming, outgoing) => {
    outgoing.sendDate = false
    outgoing.stamp = stamp
    if (headers) outgoing.writeHead(200, headers)
    outgoing.end()
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    headers: { connection: 'close' },
  })
  const ofHttp = ['connection', 'keep-alive', 'transfer-encoding', 'content-length']
  return [...response.headers].filter(([name]) => !ofHttp.includes(name))
}

test('an answer has its own headers and the stamp', async t => {
  assert.deepEqual(await sent(t, { ETag: '"1"' }), [
    ['cache-control', 'no-cache'],
    ['etag', '"1"'],
    ['x-ms-request-id', 'one'],
  ])
})

test('what an answer says itself takes the place of the stamp, in whatever case it is written', async t => {
  for (const name of ['Cache-Control', 'cache-control']) {
    assert.deepEqual(await sent(t, { [name]: 'no-store' }), [
      ['cache-control', 'no-store'],
      ['x-ms-request-id', 'one'],
    ])
  }
})

test('each of several cookies is sent', async t => {
  assert.deepEqual(
    (await sent(t, { 'set-cookie': ['a=1', 'b=2'] })).filter(([name]) => name === 'set-cookie'),
    [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  )
})

test('an answer without headers of its own has the stamp', async t => {
  assert.deepEqual(await sent(t), [
    ['cache-control', 'no-cache'],
    ['x-ms-request-id', 'one'],
  ])
})

test('an answer with a header that cannot be written is another answer, and the connection goes on', async t => {
  let cancelled = 0
  const bodies: Record<string, () => string | Uint8Array | ReadableStream | null> = {
    '/text': () => 'what was to be said',
    '/bytes': () => new Uint8Array(10),
    '/nothing': () => null,
    '/stream': () =>
      new ReadableStream({
        pull: controller => controller.enqueue(new Uint8Array(65_536)),
        cancel: () => void cancelled++,
      }),
  }
  const listener = getRequestListener((request, { outgoing }) => {
    const { pathname, searchParams } = new URL(request.url)
    const bad = { [searchParams.get('name') ?? 'a']: searchParams.get('value') ?? '' }
    Object.assign(outgoing as StampedResponse, {
      stamp: { ...stamp, ...(searchParams.has('stamped') ? bad : {}) },
      instead: (cause: Error) =>
        new Response(request.method === 'HEAD' ? null : cause.name, {
          status: 500,
          headers: { 'x-ms-error-code': 'A' },
        }),
    })
    const own = searchParams.has('stamped') ? {} : bad
    // Kept as it is given, and looked at only when it is written.
    return new Response(bodies[pathname]?.() ?? null, { status: 200, headers: { 'content-length': '19', ...own } })
  })
  const server = createServer({ ServerResponse: StampedResponse }, listener).listen(0, '127.0.0.1')
  let connections = 0
  server.on('connection', () => connections++)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = async (method: string, path: string) => {
    const asked = request({ agent, port, host: '127.0.0.1', method, path }).end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const text = (await response.toArray()).join('')
    const { 'x-ms-request-id': id, 'x-ms-error-code': code, 'content-length': length } = response.headers
    return [response.statusCode, id, code, length, text]
  }
  for (const path of Object.keys(bodies))
    for (const query of ['?value=%E2%98%83', '?value=a%0Ab', '?name=a%20b', '?name=', '?stamped&value=%E2%98%83']) {
      assert.deepEqual(await ask('GET', path + query), [500, 'one', 'A', '9', 'TypeError'], path + query)
      assert.deepEqual(await ask('HEAD', path + query), [500, 'one', 'A', '0', ''], path + query)
    }
  assert.equal((await ask('GET', '/text?value=%C3%A9'))[0], 200)
  assert.deepEqual({ connections, cancelled }, { connections: 1, cancelled: 10 })
})
