import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { exchange } from '../exchange.ts'
import { startLazuli } from '../start.ts'
import { openVaultRequests } from './vault-requests.ts'

const missing = existsSync('/usr/bin/pebble') ? false : "Debian's pebble, an ACME server, is not installed"
const account = { account_id: 'kid-1', pwd: Buffer.alloc(32, 7).toString('base64url') }

/** Let's Encrypt's test server and its DNS, in which every name leads to this host. Hosts are asked at `httpPort`. */
async function startPebble(t: TestContext, folder: string, httpPort: number): Promise<string> {
  const [listen, management, dns] = [await freePort(), await freePort(), await freePort()]
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${listen}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(folder, 'tls.crt'),
      privateKey: join(folder, 'tls.key'),
      httpPort,
      tlsPort: 1,
      externalAccountBindingRequired: true,
      externalAccountMACKeys: { [account.account_id]: account.pwd },
    },
  }
  await writeFile(join(folder, 'pebble.json'), JSON.stringify(config))
  const servers = [
    [
      'pebble-challtestsrv',
      '-defaultIPv4',
      '127.0.0.1',
      '-defaultIPv6',
      '',
      '-dns01',
      `127.0.0.1:${dns}`,
      '-http01',
      '',
      '-https01',
      '',
      '-tlsalpn01',
      '',
      '-management',
      `127.0.0.1:${await freePort()}`,
    ],
    ['pebble', '-config', join(folder, 'pebble.json'), '-dnsserver', `127.0.0.1:${dns}`],
  ]
  for (const [command = '', ...args] of servers) {
    const env = { PATH: process.env.PATH ?? '', PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '30' }
    const child: ChildProcess = spawn(command, args, { env, stdio: 'ignore' })
    t.after(async () => {
      const gone = once(child, 'exit')
      if (child.kill('SIGTERM')) await gone
    })
  }
  const directory = `https://localhost:${listen}/dir`
  const agent = new Agent({ ca: await readFile(join(folder, 'tls.crt')) })
  t.after(() => agent.destroy())
  for (;;) {
    const isThere = await exchange('GET', directory, { agent }).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (isThere) return directory
    await pause(50)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('an ACME server issues and renews, also when the server is killed in between', { skip: missing }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-acme-'))
  t.after(() => rm(folder, { recursive: true }))
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...names, ...files],
    { stdio: 'ignore' },
  )

  const port = await freePort()
  const trusting = { NODE_EXTRA_CA_CERTS: join(folder, 'tls.crt') }
  const lazuli = await startLazuli(t, { args: ['--port', String(port)], env: trusting })
  const directory = await startPebble(t, folder, port)
  const ask = await openVaultRequests(t, lazuli)
  const ended = async (name: string) => {
    for (;;) {
      const { body } = await ask('GET', `/certificates/${name}/pending`)
      if (body.status !== 'inProgress') return body
      await pause(50)
    }
  }

  const issuer = {
    provider: 'ACME',
    credentials: account,
    org_details: { id: directory, admin_details: [{ email: 'a@example.test' }] },
  }
  assert.equal((await ask('PUT', '/certificates/issuers/pebble', issuer)).status, 200)
  const policy = {
    issuer: { name: 'pebble' },
    key_props: { kty: 'EC', crv: 'P-256' },
    secret_props: { contentType: 'application/x-pem-file' },
    x509_props: { subject: 'CN=www.example.test', sans: { dns_names: ['www.example.test', 'example.test'] } },
  }
  assert.equal((await ask('POST', '/certificates/web/create', { policy })).status, 202)
  assert.partialDeepStrictEqual(await ended('web'), { status: 'completed', issuer: { name: 'pebble' } })
  const { value = '' } = (await ask('GET', '/secrets/web')).body
  const [leaf, intermediate] = Array.from(
    value.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g),
    ([pem]) => new X509Certificate(pem),
  )
  assert.ok(leaf?.subjectAltName !== undefined && intermediate)
  assert.equal(leaf.verify(intermediate.publicKey), true)
  assert.deepEqual(leaf.subjectAltName.split(', ').sort(), ['DNS:example.test', 'DNS:www.example.test'])

  // Killed as soon as it has promised. Whoever waits need not: half a minute by Lazuli's clock is enough.
  assert.equal((await ask('POST', '/certificates/killed/create', { policy })).status, 202)
  await lazuli.kill('SIGKILL')
  await lazuli.restart()
  await lazuli.arm('PUT', '/providers/Lazuli.Server/clock', { body: { shiftMs: 60_000 } })
  assert.partialDeepStrictEqual(await ended('killed'), { status: 'completed' })
  assert.match((await ask('GET', '/secrets/killed')).body.value ?? '', /BEGIN PRIVATE KEY/)

  // Names of which nobody answers are not certified, and the server's own words say why.
  const wildcard = { ...policy, x509_props: { subject: 'CN=*.example.test' } }
  await ask('POST', '/certificates/wildcard/create', { policy: wildcard })
  assert.partialDeepStrictEqual(await ended('wildcard'), {
    status: 'failed',
    error: {
      code: 'Certificate issuer error',
      message: '*.example.test can only be proved through DNS, which is not supported',
    },
  })

  const { id } = (await ask('GET', '/certificates/web')).body
  const life = Date.parse(leaf.validTo) - Date.now()
  await lazuli.arm('PUT', '/providers/Lazuli.Server/clock', { body: { shiftMs: Math.ceil(life * 0.81) } })
  let renewed = id
  while (renewed === id) {
    await pause(50)
    renewed = (await ask('GET', '/certificates/web')).body.id ?? id
  }
  assert.equal((await ended('web')).status, 'completed')
})
