import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
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
