import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { shiftableClock } from '../clock.ts'
import { openLog } from '../log.ts'
import { openStore } from '../store/open.ts'
import { temporaryDirectory } from '../store/testing.ts'
import { objectStoreExtents } from './object-store.ts'
import { keepSwept } from './sweep.ts'

test('a stop does not wait for an object store that does not answer', async t => {
  const server = createServer()
  const asked = new Promise<IncomingMessage>(resolve => {
    server.on('request', (request, response) => {
      if (request.method === 'HEAD') response.end()
      else resolve(request)
    })
  })
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' })

  const directory = temporaryDirectory(t)
  const clock = shiftableClock(Date.now, 0)
  const fail = (error: unknown) => {
    throw error
  }
  const store = await openStore({ directory, masterKeyFile: `${directory}/key`, clock, onAuditFailure: fail })
  t.after(() => store.close())
  const extents = await objectStoreExtents({ endpoint, bucket: 'content' }, 'one')
  const sweeping = keepSwept({ extents, store, clock, log: openLog('silent') })
  const { method, url, socket } = await asked
  assert.deepEqual([method, url?.split('?')[0]], ['GET', '/content/'])
  const cut = once(socket, 'close')
  await sweeping.stop()
  await cut
})
