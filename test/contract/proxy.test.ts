import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, type TestContext, test } from 'node:test'
import { startLazuli } from '../start.ts'
import { connectPlain } from './raw-connection.ts'

const lazuli = await startLazuli({ after })

/** Somebody else's server, which says what has reached it. */
const elsewhere = createServer((request, response) => {
  const body = JSON.stringify({ method: request.method, url: request.url, headers: request.headers })
  response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body)
}).listen(0, '127.0.0.1')
await once(elsewhere, 'listening')
after(() => elsewhere.close())
const other = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`

async function ask(t: TestContext, ...lines: string[]) {
  const connection = await connectPlain(t, lazuli)
  connection.send([...lines, '', ''].join('\r\n'))
  return { connection, answer: await connection.answer() }
}

test('other names pass through the proxy untouched, by tunnel and in the open', async t => {
  const tunnel = await ask(t, `CONNECT ${other} HTTP/1.1`, `Host: ${other}`)
  assert.equal(tunnel.answer.status, 200)
  tunnel.connection.send('GET /through HTTP/1.1\r\nHost: me\r\nX-Mine: yes\r\n\r\n')
  const through = JSON.parse((await tunnel.connection.answer()).body)
  assert.deepEqual(through, { method: 'GET', url: '/through', headers: { host: 'me', 'x-mine': 'yes' } })

  const lines = [`Host: ${other}`, 'X-Mine: yes', 'Proxy-Connection: keep-alive', 'Connection: close']
  const open = await ask(t, `GET http://${other}/open?a=b HTTP/1.1`, ...lines)
  const { method, url, headers } = JSON.parse(open.answer.body)
  assert.deepEqual([method, url, headers['x-mine']], ['GET', '/open?a=b', 'yes'])
  for (const name of ['proxy-connection', 'proxy-authorization', 'x-forwarded-for'])
    assert.equal(headers[name], undefined)
})

test('no name of Azure is ever let through, whether Lazuli serves it or not', async t => {
  for (const target of [
    'management.azure.com:80',
    'management.azure.com:8443',
    'something.servicebus.windows.net:5671',
    'MANAGEMENT.AZURE.COM:80',
    'management.azure.com.:80',
    '169.254.169.254:80',
    '2852039166:80',
    '[::ffff:169.254.169.254]:80',
  ]) {
    const { answer } = await ask(t, `CONNECT ${target} HTTP/1.1`, `Host: ${target}`)
    assert.equal(answer.status, 403, target)
  }
  for (const host of ['management.azure.com', 'login.microsoftonline.com', 'something.documents.azure.com']) {
    const { answer } = await ask(t, `GET http://${host}/ HTTP/1.1`, `Host: ${host}`)
    assert.equal(answer.status, 403, host)
  }
})

test('a service that Lazuli lacks is not reached, and its name is not vouched for', async () => {
  for (const host of ['something.servicebus.windows.net', 'something.database.windows.net']) {
    const { exitCode, stderr } = await lazuli.exec(['curl', '-sS', '--max-time', '20', `https://${host}/`])
    // 35: TLS could not be agreed upon. 60: the certificate is not to be trusted.
    assert.ok([35, 60].includes(exitCode), `${exitCode} ${stderr}`)
  }
})

test('who says that he is a machine has to prove it', async t => {
  for (const credentials of [
    'vm:',
    'vm:password',
    ':',
    `${Buffer.from('/subscriptions/x').toString('base64url')}:AAAA`,
  ]) {
    const authorization = `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}`
    for (const line of ['CONNECT management.azure.com:443 HTTP/1.1', 'GET http://169.254.169.254/ HTTP/1.1']) {
      const { answer } = await ask(t, line, 'Host: x', authorization)
      assert.equal(answer.status, 407, `${credentials} ${line}`)
      assert.match(answer.headers, /^proxy-authenticate: Basic realm="lazuli"/im)
    }
  }
})

test('plain HTTP to the port itself is told to use TLS', async () => {
  const response = await fetch(`${lazuli.url.replace('https:', 'http:')}/subscriptions`)
  assert.equal(response.status, 400)
  assert.match(await response.text(), /https:\/\//)
})
