import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openForward } from './forward.ts'
import { acknowledged, EventTime, pack } from './message-pack.ts'

const at = new Date('2026-11-25T00:00:00.250Z')

/** A collector that acknowledges what it gets, unless it is told not to; what it got is in hexadecimal. */
async function openCollector(t: { after(step: () => void): void }, path?: string) {
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const collector = { answers: true, received, waiting: Promise.withResolvers<void>() }
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', data => {
      received.push(data)
      const chunk = /chunk\xb8([A-Za-z0-9+/=]{24})/.exec(data.toString('latin1'))?.[1] ?? ''
      if (collector.answers) socket.write(pack({ ack: chunk }))
      else socket.destroy()
      collector.waiting.resolve()
    })
  })
  await new Promise<void>(resolve => server.listen(path ?? 0, resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return Object.assign(collector, { port: path ? 0 : (server.address() as AddressInfo).port })
}

test('entries arrive over TCP and over a socket, under their tag and with their time', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-forward-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'fluent.sock')
  for (const unix of [undefined, path]) {
    const collector = await openCollector(t, unix)
    const forward = openForward({
      endpoint: unix ? { path } : { host: '127.0.0.1', port: collector.port },
      tag: 'akvvm_service',
    })
    forward.send({ level: 'info', message: 'Entering worker loop..' }, at)
    await forward.close()
    const message = Buffer.concat(collector.received)
    const entry = Buffer.concat([
      Buffer.of(0x92),
      pack(new EventTime(at.getTime())),
      pack({ level: 'info', message: 'Entering worker loop..' }),
    ])
    assert.equal(message.subarray(0, 15).toString('latin1'), '\x93\xadakvvm_service')
    assert.ok(message.includes(entry))
  }
})

test('what was not acknowledged is sent again, and nobody waits for a collector that is away', async t => {
  const collector = await openCollector(t)
  collector.answers = false
  const forward = openForward({ endpoint: { host: '127.0.0.1', port: collector.port }, tag: 't' })
  forward.send({ message: 'first' }, at)
  await collector.waiting.promise
  collector.answers = true
  collector.waiting = Promise.withResolvers()
  await collector.waiting.promise
  await forward.close()
  assert.ok(collector.received.filter(data => data.includes('first')).length >= 2)
  const away = openForward({ endpoint: { path: '/nowhere/fluent.sock' }, tag: 't' })
  for (let entry = 0; entry < 5_000; entry++) away.send({ message: String(entry) }, at)
  await away.close()
})

test('values are packed as MessagePack has it', () => {
  const cases: [Parameters<typeof pack>[0], string][] = [
    ['a', 'a161'],
    ['x'.repeat(40), `d928${'78'.repeat(40)}`],
    ['x'.repeat(300), `da012c${'78'.repeat(300)}`],
    [5, '05'],
    [70_000, 'ce00011170'],
    [['a', 1], '92a16101'],
    [{ a: 'b' }, '81a161a162'],
    [new EventTime(1_500), 'd700000000011dcd6500'],
  ]
  for (const [value, hex] of cases) assert.equal(pack(value).toString('hex'), hex)
  assert.equal(acknowledged(pack({ ack: 'abc' })), 'abc')
  assert.equal(acknowledged(pack({ ack: 'x'.repeat(40) })), 'x'.repeat(40))
  assert.equal(acknowledged(pack({ ack: 'abc' }).subarray(0, 6)), undefined)
})
