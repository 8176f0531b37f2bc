import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startLazuli } from '../start.ts'
import { newGroup, unique } from './arrange.ts'
import { connect, connectPlain, type RawConnection } from './raw-connection.ts'

const lazuli = await startLazuli({ after })
const bearer = `Authorization: Bearer ${await lazuli.token()}`
const version = 'api-version=2021-04-01'
const groupPath = (name: string) => `${lazuli.subscription}/resourceGroups/${name}?${version}`
const mebibyte = 2 ** 20

/** A PUT of a resource group that is as long as wished. */
function group(size: number): string {
  const [open, close] = ['{"location":"westeurope","properties":{"padding":"', '"}}']
  return open + 'x'.repeat(size - open.length - close.length) + close
}

test('a body of up to 4 MiB is read, and a longer one is refused however its length is said', async () => {
  const name = unique('group')
  const put = (body: string) => lazuli.arm('PUT', groupPath(name), { body })
  const tooLong = await put(group(4 * mebibyte + 1))
  assert.deepEqual([tooLong.status, tooLong.body.error.code], [413, 'RequestContentTooLarge'])
  assert.equal((await lazuli.arm('GET', groupPath(name))).status, 404)
  assert.equal((await put(group(4 * mebibyte))).status, 201)
})

test('a body in pieces is counted while it comes, so nobody fills the memory', async t => {
  const name = unique('group')
  const connection = await connect(t, lazuli)
  const head = `PUT ${groupPath(name)} HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\nTransfer-Encoding: chunked\r\n\r\n`
  connection.send(head)
  const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, ' '), Buffer.from('\r\n')])
  for (let sent = 0; sent < 5 * mebibyte; sent += 0x10000) connection.send(piece)
  assert.equal((await connection.answer()).status, 413)
})

test('headers and addresses have a limit', async () => {
  const path = '/subscriptions?api-version=2022-12-01'
  assert.equal((await lazuli.arm('GET', path, { headers: { 'x-long': 'x'.repeat(32_000) } })).status, 200)
  assert.equal((await lazuli.arm('GET', path, { headers: { 'x-long': 'x'.repeat(70_000) } })).status, 431)
  assert.equal((await lazuli.arm('GET', `${path}&long=${'x'.repeat(70_000)}`)).status, 431)
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x-header-${i}`, 'x']))
  assert.equal((await lazuli.arm('GET', path, { headers: many })).status, 431)
})

test('a body that is no JSON object is refused as the resource manager refuses it', async () => {
  const name = unique('group')
  for (const body of ['{', '{"location":"westeurope"', '[]', '"text"', 'null', '1', '\u0000', '<xml/>']) {
    const { status, body: answer } = await lazuli.arm('PUT', groupPath(name), { body })
    assert.deepEqual([body, status, answer.error.code], [body, 400, 'InvalidRequestContent'])
    assert.match(answer.error.message, /^The request content was invalid and could not be deserialized: '/)
  }
  assert.equal((await lazuli.arm('GET', groupPath(name))).status, 404)
})

test('a deeply nested body is refused or kept, and the server lives on', async () => {
  const name = unique('group')
  const depth = 100_000
  const body = `{"location":"westeurope","tags":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
  assert.equal((await lazuli.arm('PUT', groupPath(name), { body })).status, 400)
  assert.equal((await lazuli.arm('GET', groupPath(name))).status, 404)
})

test('an api-version that is missing or that nobody knows is refused with those that there are', async () => {
  const path = `${lazuli.subscription}/resourceGroups`
  const missing = await lazuli.arm('GET', path)
  assert.deepEqual([missing.status, missing.body.error.code], [400, 'MissingApiVersionParameter'])
  for (const unknown of ['1999-01-01', 'latest', '2021-04-01-preview']) {
    const { status, body } = await lazuli.arm('GET', `${path}?api-version=${unknown}`)
    assert.deepEqual([status, body.error.code], [400, 'InvalidApiVersionParameter'])
    assert.match(
      body.error.message,
      new RegExp(`^The api-version '${unknown}' is invalid\\. The supported versions are '.*2021-04-01`),
    )
  }
})

test('every answer has ids by which it can be found again, the caller’s own among them', async () => {
  const mine = { 'x-ms-client-request-id': 'my-id', 'x-ms-correlation-request-id': crypto.randomUUID() }
  const answers = [
    await lazuli.arm('GET', '/subscriptions?api-version=2022-12-01', { headers: mine }),
    await lazuli.arm('GET', '/subscriptions?api-version=0', { headers: mine }),
    await lazuli.arm('GET', '/subscriptions?api-version=2022-12-01', { headers: mine, token: false }),
    await lazuli.arm('GET', '/nothing/here?api-version=2022-12-01', { headers: mine }),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 400, 401, 404],
  )
  for (const { headers } of answers) {
    for (const [name, value] of Object.entries(mine)) assert.equal(headers[name], value)
  }
  const requestIds = answers.map(({ headers }) => headers['x-ms-request-id'])
  assert.equal(new Set(requestIds).size, answers.length)
  for (const id of requestIds) assert.match(String(id), /^[0-9a-f-]{36}$/)
})

test('one connection serves many requests, also ones that are sent before the answer to the last', async t => {
  const connection = await connect(t, lazuli)
  const get = `GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\n\r\n`
  const wrong = 'GET /subscriptions HTTP/1.1\r\nHost: localhost\r\n\r\n'
  connection.send(get)
  assert.equal((await connection.answer()).status, 200)
  connection.send(get + wrong + get)
  const statuses = [await connection.answer(), await connection.answer(), await connection.answer()]
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 401, 200],
  )
})

test('a request that two readers could read differently is refused, and the connection ends', async t => {
  const [post, host] = ['POST /subscriptions HTTP/1.1', 'Host: localhost']
  for (const lines of [
    [post, host, 'Content-Length: 3', 'Transfer-Encoding: chunked', '', '0', '', ''],
    [post, host, 'Content-Length: 3', 'Content-Length: 4', '', 'abcd'],
    [post, host, 'Transfer-Encoding: chunked, identity', '', '0', '', ''],
    [post, host, 'Content-Length: -1', '', ''],
    [post, host, ' Folded: header', '', ''],
    ['GET /subscriptions HTTP/1.1', '', ''],
    ['GARBAGE', '', ''],
  ]) {
    const connection = await connect(t, lazuli)
    connection.send(lines.join('\r\n'))
    assert.equal((await connection.answer()).status, 400, lines.join(' | '))
    await connection.ended
  }
})

test('names that are not ours are not answered under any of our names', async t => {
  const connection = await connect(t, lazuli)
  for (const host of ['evil.example', 'management.azure.com.evil.example', 'localhost.evil.example']) {
    connection.send(`GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: ${host}\r\n${bearer}\r\n\r\n`)
    assert.equal((await connection.answer()).status, 421)
  }
})

test('a client that sends its headers drop by drop is dropped', { timeout: 300_000 }, async t => {
  const slow = await Promise.all([connect(t, lazuli), connectPlain(t, lazuli)])
  slow[0].send('GET /subscriptions HTTP/1.1\r\n')
  slow[1].send('GET http://169.254.169.254/ HTTP/1.1\r\n')
  const drip = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('x: y\r\n')
  }, 500)
  t.after(() => clearInterval(drip))
  // Says nothing at all, and says only that TLS is to come.
  const mute = await connectPlain(t, lazuli)
  const half = await connectPlain(t, lazuli)
  half.send(Buffer.from([0x16, 3, 1]))
  const all: RawConnection[] = [...slow, mute, half]
  await Promise.all(all.map(({ ended }) => ended))
  assert.equal((await lazuli.arm('GET', '/subscriptions?api-version=2022-12-01')).status, 200)
})

test('what was accepted before a stop is answered, and what is answered is kept', async t => {
  const stopped = await startLazuli(t)
  const name = unique('late')
  const path = `${stopped.subscription}/resourceGroups/${name}?${version}`
  const connection = await connect(t, stopped)
  const body = '{"location":"westeurope"}'
  const authorization = `Authorization: Bearer ${await stopped.token()}`
  connection.send(
    `PUT ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
  )
  await pause(1_000)
  const exit = stopped.kill('SIGTERM')
  const isAnswered = () =>
    stopped.arm('GET', '/subscriptions?api-version=2022-12-01').then(
      () => true,
      () => false,
    )
  while (await isAnswered()) await pause(50)
  connection.send(body.slice(10))
  assert.equal((await connection.answer()).status, 201)
  assert.equal(await exit, 0)

  await stopped.restart()
  assert.equal((await stopped.arm('GET', path)).status, 200)
})

test('a client that does not come to an end does not keep the server from stopping', async t => {
  const stopped = await startLazuli(t)
  await newGroup(stopped)
  const connection = await connect(t, stopped)
  const authorization = `Authorization: Bearer ${await stopped.token()}`
  const path = `${stopped.subscription}/resourceGroups/never?${version}`
  connection.send(`PUT ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\nContent-Length: 99\r\n\r\n{`)
  await pause(1_000)
  const begin = performance.now()
  assert.equal(await stopped.kill('SIGTERM'), 0)
  const seconds = (performance.now() - begin) / 1000
  // It takes less than five where the host is not busy; without a limit it would take a minute.
  assert.ok(seconds < 30, `${seconds} seconds`)
})
