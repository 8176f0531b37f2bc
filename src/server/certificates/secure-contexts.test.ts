import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { type LocalCa, openLocalCa } from './local-ca.ts'
import { createSecureContexts } from './secure-contexts.ts'
import { execute, azureNames as names, openssl, realClock, temporaryFolder } from './testing.ts'

const dayMs = 24 * 60 * 60 * 1000

test('a leaf carries exactly the name asked for, for TLS servers, and openssl accepts it strictly', async t => {
  const { port, caFile, dir } = await startServer(t)
  const certificate = await certificateFor({ port, servername: 'kv1.vault.azure.net', caFile })
  assert.equal(certificate.subjectAltName, 'DNS:kv1.vault.azure.net')
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(certificate.ca, false)
  const lifeMs = certificate.validToDate.getTime() - certificate.validFromDate.getTime()
  assert.equal(lifeMs, 90 * dayMs + 60 * 60 * 1000)

  await writeFile(join(dir, 'leaf.pem'), certificate.toString())
  const verify = ['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'kv1.vault.azure.net']
  const { code, output } = await openssl('verify', '-CAfile', caFile, ...verify, join(dir, 'leaf.pem'))
  assert.equal(code, 0, output)
})

test('a name is one name, however it is spelled', async t => {
  const { contexts } = await startServer(t)
  const context = await contexts.secureContextFor('kv1.vault.azure.net')
  assert.equal(await contexts.secureContextFor('KV1.vault.Azure.NET.'), context)
})

for (const name of [
  'www.example.com',
  'evilvault.azure.net',
  '192.0.2.1',
  '',
  '*.vault.azure.net',
  'a b.vault.azure.net',
]) {
  test(`there is no context for "${name}"`, async t => {
    const { contexts } = await startServer(t)
    assert.equal(await contexts.secureContextFor(name), undefined)
  })
}

test('a handshake for a name outside the constraints fails', async t => {
  const { port, caFile } = await startServer(t)
  const refusal = certificateFor({ port, servername: 'www.example.com', caFile })
  await assert.rejects(refusal, { code: 'ECONNRESET' })
})

test('an address has a leaf of its own', async t => {
  const { contexts, issued } = await recordedContexts(t)
  assert.ok(await contexts.secureContextFor('10.200.0.1'))
  assert.deepEqual(issued.map(namesIn), ['IP Address:10.200.0.1'])
})

test('clients that name no server get a certificate for localhost and every single address', async t => {
  const { port, caFile } = await startServer(t)
  const certificate = await certificateFor({ port, caFile })
  assert.equal(
    certificate.subjectAltName,
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:168.63.129.16',
  )
})

const python = '/usr/bin/python3'
const pythonClient = `
import socket, ssl, sys
name, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
with context.wrap_socket(socket.create_connection(('127.0.0.1', port)), server_hostname=name) as s:
    s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
    print(s.makefile().read().splitlines()[-1], end='')
`

type Client = (server: { name: string; port: number; caFile: string }) => Promise<{ stdout: string; output: string }>
const clients: Record<string, Client> = {
  curl: ({ name, port, caFile }) => {
    const resolve = name === '127.0.0.1' ? [] : ['--resolve', `${name}:${port}:127.0.0.1`]
    return execute('curl', ['-sS', '--noproxy', '*', '--cacert', caFile, ...resolve, `https://${name}:${port}/`])
  },
  ...(existsSync(python) && {
    "Python's ssl module": ({ name, port, caFile }) =>
      execute(python, ['-c', pythonClient, name, String(port), caFile]),
  }),
}

for (const [client, get] of Object.entries(clients)) {
  for (const name of ['kv1.vault.azure.net', 'management.azure.com', 'localhost', '127.0.0.1']) {
    test(`${client} trusts https://${name}/ through the CA file`, async t => {
      const { stdout, output } = await get({ name, ...(await startServer(t)) })
      assert.equal(stdout, `hello from ${name === '127.0.0.1' ? 'no name' : name}`, output)
    })
  }
}

test('requests for one name share one certificate, also while it is being issued', async t => {
  const { contexts, issued } = await recordedContexts(t)
  const same = await Promise.all(Array.from({ length: 50 }, () => contexts.secureContextFor('kv1.vault.azure.net')))
  assert.equal(new Set(same).size, 1)
  assert.deepEqual(issued.map(namesIn), ['DNS:kv1.vault.azure.net'])
})

test('all names share one key', async t => {
  const { contexts, issued } = await recordedContexts(t)
  await contexts.secureContextFor('a.localhost')
  await contexts.secureContextFor('b.localhost')
  const [a, b] = issued
  assert.ok(a && b && a.publicKey.equals(b.publicKey))
})

test('the name that was not asked for longest is forgotten first', async t => {
  const { contexts, issued } = await recordedContexts(t, { limit: 2 })
  for (const label of ['a', 'b', 'a', 'c', 'a', 'b']) await contexts.secureContextFor(`${label}.localhost`)
  assert.deepEqual(issued.map(namesIn), ['DNS:a.localhost', 'DNS:b.localhost', 'DNS:c.localhost', 'DNS:b.localhost'])
})

test('a leaf is kept for two thirds of its life and then issued anew', async t => {
  let nowMs = Date.now()
  const { contexts, issued } = await recordedContexts(t, { now: () => nowMs })
  await contexts.secureContextFor('localhost')
  nowMs += 60 * dayMs - 1
  await contexts.secureContextFor('localhost')
  assert.equal(issued.length, 1)
  nowMs += 1
  await contexts.secureContextFor('localhost')
  assert.equal(issued.length, 2)
})

test('a leaf from the future, left by a clock that was wrong, is issued anew', async t => {
  let nowMs = Date.now() + dayMs / 2
  const { contexts, issued } = await recordedContexts(t, { now: () => nowMs })
  await contexts.secureContextFor('localhost')
  nowMs -= dayMs / 4
  await contexts.secureContextFor('localhost')
  assert.deepEqual(
    issued.map(({ validFromDate }) => validFromDate.getTime() < nowMs),
    [false, true],
  )
})

test('a failed issue is not remembered', async t => {
  const ca = await openLocalCa({ dir: await temporaryFolder(t), clock: realClock, names })
  const outcomes = [Promise.reject(new Error('disk on fire'))]
  const contexts = createSecureContexts({
    ca: { ...ca, issue: leaf => outcomes.pop() ?? ca.issue(leaf) },
    names,
    clock: realClock,
  })
  await assert.rejects(contexts.secureContextFor('localhost'), { message: 'disk on fire' })
  assert.ok(await contexts.secureContextFor('localhost'))
})

const namesIn = ({ subjectAltName }: X509Certificate) => subjectAltName

/** Secure contexts of a new CA, and the certificates it has issued for them so far. */
async function recordedContexts(
  t: TestContext,
  { limit = 10, now = Date.now }: { limit?: number; now?: Clock['now'] } = {},
) {
  const clock = { now }
  const ca = await openLocalCa({ dir: await temporaryFolder(t), clock, names })
  const issued: X509Certificate[] = []
  const recording: LocalCa = {
    ...ca,
    async issue(leaf) {
      const certificate = await ca.issue(leaf)
      issued.push(certificate)
      return certificate
    },
  }
  return { issued, contexts: createSecureContexts({ ca: recording, names, clock, limit }) }
}

/** The certificate that the server shows, after a handshake that verified it. */
async function certificateFor({ port, caFile, servername }: { port: number; caFile: string; servername?: string }) {
  const ca = await readFile(caFile)
  const socket = connect({ host: '127.0.0.1', port, ca, ...(servername && { servername }) })
  try {
    await once(socket, 'secureConnect')
    const certificate = socket.getPeerX509Certificate()
    assert.ok(certificate && socket.authorized)
    return certificate
  } finally {
    socket.destroy()
  }
}

/** An HTTPS server that answers which name it was asked for. */
async function startServer(t: TestContext) {
  const dir = await temporaryFolder(t)
  const ca = await openLocalCa({ dir, clock: realClock, names })
  const contexts = createSecureContexts({ ca, names, clock: realClock })
  const server = createServer(
    {
      ...(await contexts.addressCredentials()),
      SNICallback: (name, done) => {
        contexts.secureContextFor(name).then(
          context => done(context ? null : new Error(`No certificate for ${name}`), context),
          (error: Error) => done(error),
        )
      },
    },
    ({ socket }, response) => {
      const name = socket instanceof TLSSocket ? socket.servername : undefined
      response.end(`hello from ${name || 'no name'}`)
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { dir, ca, contexts, caFile: ca.certificateFile, port: (server.address() as AddressInfo).port }
}
