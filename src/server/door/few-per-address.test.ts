import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { fewPerAddress } from './few-per-address.ts'

test('one address has so many connections at once and no more, and others are not touched by it', async t => {
  const taken: Socket[] = []
  const server = createServer(fewPerAddress(2, socket => taken.push(socket.end('hello'))))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const clients: Socket[] = []
  t.after(() => clients.map(client => client.destroy()))

  /** Whether it was greeted before it was ended. */
  const greeted = async (from: string): Promise<boolean> => {
    const { port } = server.address() as AddressInfo
    // Half open, so that the server's side stays open until the client says otherwise.
    const client = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true })
    clients.push(client)
    let text = ''
    client.on('data', data => {
      text += data
    })
    await Promise.race([once(client, 'end'), once(client, 'error')])
    return text === 'hello'
  }
  assert.deepEqual([await greeted('127.0.0.1'), await greeted('127.0.0.1')], [true, true])
  assert.equal(await greeted('127.0.0.1'), false)
  assert.equal(await greeted('127.0.0.2'), true)

  clients[0]?.end()
  await once(taken[0] as Socket, 'close')
  assert.equal(await greeted('127.0.0.1'), true)
})
