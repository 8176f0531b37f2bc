import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { serveNames } from './names.ts'

/** A query for the addresses of a name of one label. */
function query(label: string): Buffer {
  const header = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, Buffer.of(label.length), Buffer.from(label), Buffer.of(0, 0, 1, 0, 1)])
}

async function bound(t: TestContext): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return socket
}

test('a query that says it comes from port 0 is not answered, and the next one is', async t => {
  const [server, client] = [await bound(t), await bound(t)]
  serveNames(server, name => (name === 'known' ? '10.1.2.3' : undefined))
  // No ordinary socket can send from there; root in a machine can.
  server.emit('message', query('known'), { address: '127.0.0.1', family: 'IPv4', port: 0, size: 23 })

  client.send(query('known'), server.address().port, '127.0.0.1')
  const [reply] = (await once(client, 'message')) as [Buffer]
  assert.deepEqual([...reply.subarray(-4)], [10, 1, 2, 3])
})
