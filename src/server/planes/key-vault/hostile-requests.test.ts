/**
 * Every operation of a vault with what nobody should send it: names, queries and bodies. Whatever it is, it is the
 * client's mistake: never ours, never a crash, and an answer in the shape of all others. Operations that are added later
 * are tried, too.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ecdsa } from '../../vaults/cryptography/testing-vectors.ts'
import { keyVaultPlane } from './plane.ts'
import { openVault, vaultAudience } from './testing-vault.ts'

const secret = 'a-value-that-nobody-may-repeat'

const hostileNames = [
  '%00',
  '%0a',
  '%20',
  '%zz',
  '%2f',
  '%2e%2e',
  '..%2f..%2fetc%2fpasswd',
  '%252e%252e',
  'a%00b',
  'a%0d%0aset-cookie:x',
  'a_b',
  'a.b',
  'é',
  '%F0%9F%92%A9',
  '%ff%fe',
  'a'.repeat(127),
  'a'.repeat(128),
  'a'.repeat(20_000),
  '-',
  '__proto__',
  'constructor',
  "'%20or%20'1'='1",
  '%22;drop%20table%20vaults;--',
  '*',
  'versions',
  'restore',
  'create',
]

const hostileQueries = [
  '',
  'api-version=',
  'api-version=9.9.9',
  'api-version=%00',
  `api-version=${'7'.repeat(5000)}`,
  'api-version=7.4&api-version=1',
  'API-VERSION=7.4',
  'api-version=7.4&maxresults=-1',
  'api-version=7.4&maxresults=0',
  'api-version=7.4&maxresults=26',
  'api-version=7.4&maxresults=1e9',
  'api-version=7.4&maxresults=NaN',
  'api-version=7.4&maxresults=%F0%9F%92%A9',
  'api-version=7.4&$skiptoken=%ff%fe',
  `api-version=7.4&$skiptoken=${'A'.repeat(10_000)}`,
  'api-version=7.4&$skiptoken=Li4vLi4',
  'api-version=7.4&outContentType=x&includePending=maybe',
  'api-version=7.4&__proto__=1&constructor=2',
  '%zz=1&api-version=7.4',
]

const hostileBodies: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '0',
  'true',
  '{"__proto__":{"kty":"RSA"}}',
  '{"constructor":{"prototype":{}}}',
  `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`,
  `{"value":"${'\\u0000'.repeat(100)}"}`,
  '{"value":"\\ud800"}',
  '{"kty":"RSA","kty":"EC"}',
  new Uint8Array([0xff, 0xfe, 0x00, 0x80]),
  `{"value":"${'A'.repeat(300_000)}"}`,
]

const { alg, ...pkcs } = { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') }
const policy = {
  key_props: { kty: 'EC', crv: 'P-256', exportable: true, reuse_key: false, key_size: 256 },
  secret_props: { contentType: 'application/x-pem-file' },
  x509_props: {
    subject: 'CN=thing',
    sans: { dns_names: ['thing.example'], emails: ['a@thing.example'], upns: ['a@thing.example'] },
    ekus: ['1.3.6.1.5.5.7.3.1'],
    key_usage: ['digitalSignature'],
    validity_months: 12,
  },
  lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
  issuer: { name: 'Self', cty: 'x', cert_transparency: false },
  attributes: { enabled: true },
}

/** Bodies that are good, by the end of the path: each of their members is replaced by each hostile value. */
const goodBodies: Readonly<Record<string, object>> = {
  'PUT /secrets/:name': {
    value: secret,
    contentType: 'text/plain',
    attributes: { enabled: true, nbf: 1, exp: 4_000_000_000 },
    tags: { a: 'b' },
  },
  'POST /keys/:name/create': {
    kty: 'EC',
    crv: 'P-256',
    key_size: 256,
    key_ops: ['sign'],
    attributes: { enabled: true, exportable: false },
    tags: { a: 'b' },
    public_exponent: 3,
    release_policy: null,
  },
  'PUT /keys/:name': { key: { kty: 'EC', key_ops: ['sign'], ...ecdsa[0].key }, Hsm: false },
  'PUT /keys/:name/rotationpolicy': {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }],
    attributes: { expiryTime: 'P1Y' },
  },
  'POST /keys/:name/sign': { alg, ...pkcs },
  'POST /keys/:name/verify': { alg, digest: pkcs.value, ...pkcs },
  'POST /keys/:name/encrypt': { alg: 'RSA-OAEP', ...pkcs, iv: 'AA', tag: 'AA', aad: 'AA' },
  'POST /rng': { count: 5 },
  'POST /secrets/restore': { value: 'JkxhenVsaVZhdWx0QmFja3VwVjEu' },
  'POST /certificates/:name/create': { policy, attributes: { enabled: true }, tags: { a: 'b' } },
  'PATCH /certificates/:name/policy': policy,
  'POST /certificates/:name/import': {
    value: 'MIIB',
    pwd: '',
    policy: { key_props: { exportable: true }, secret_props: { contentType: 'application/x-pkcs12' } },
    attributes: { enabled: true },
    tags: {},
    preserveCertOrder: true,
  },
  'POST /certificates/:name/pending/merge': { x5c: ['MIIB'], attributes: { enabled: true }, tags: {} },
  'PATCH /certificates/:name/pending': { cancellation_requested: true },
  'PUT /certificates/contacts': { contacts: [{ email: 'a@example.org', name: 'A', phone: '1' }] },
  'PUT /certificates/issuers/:name': {
    provider: 'Test',
    credentials: { account_id: 'a', pwd: 'b' },
    org_details: { id: 'x', admin_details: [{ first_name: 'A', last_name: 'B', email: 'a@example.org', phone: '1' }] },
    attributes: { enabled: true },
  },
  'PATCH /secrets/:name': { contentType: 'x', attributes: { enabled: true }, tags: {} },
}

const hostileValues: readonly unknown[] = [
  null,
  '',
  0,
  -1,
  1.5,
  1e308,
  true,
  [],
  [[[]]],
  {},
  'x',
  '\0',
  '\ud800',
  'A'.repeat(60_000),
  '__proto__',
  { __proto__: 1, length: -1, toString: 1 },
  [null, 1, {}, 'x'],
]

/** The body with one member replaced, for each of its members at any depth. */
function* replaced(body: unknown, by: unknown): Generator<unknown> {
  if (typeof body !== 'object' || body === null) return
  for (const [name, value] of Object.entries(body)) {
    yield Array.isArray(body) ? body.with(Number(name), by) : { ...body, [name]: by }
    for (const inner of replaced(value, by))
      yield Array.isArray(body) ? body.with(Number(name), inner) : { ...body, [name]: inner }
  }
}

async function openTarget(t: Parameters<typeof openVault>[0]) {
  const vault = await openVault(t, { name: 'target' })
  const planes = keyVaultPlane(vault.parts)
  const operations = planes.operations.map(({ route }) => {
    const [method = '', path = ''] = route.split(' ')
    return { method, path: path.slice('/:vault'.length) }
  })
  await vault.ask('PUT', '/secrets/thing', { body: { value: secret } })
  await vault.ask('POST', '/keys/thing/create', { body: { kty: 'EC' } })
  const token = await vault.keeper.tokenFor(vaultAudience)
  const wrong: string[] = []
  return {
    operations,
    wrong,
    async send(method: string, pathAndQuery: string, body?: unknown): Promise<void> {
      const asked = `${method} ${pathAndQuery.slice(0, 120)} ${String(JSON.stringify(body)).slice(0, 200)}`
      const url = `https://target.vault.azure.net${pathAndQuery}`
      const response = await vault.request(method, url, { token, ...(body === undefined ? {} : { body }) })
      const text = await response.text()
      if (response.status < 400) return
      const { error } = JSON.parse(text)
      const isShaped = typeof error?.code === 'string' && typeof error.message === 'string' && error.message !== ''
      if (response.status >= 500 || !isShaped || text.includes(secret) || text.length > 3000)
        wrong.push(`${asked}: ${response.status} ${text.slice(0, 300)}`)
    },
  }
}

const withName = (path: string, name: string) => path.replace(/:\w+/g, name)

test('no name in a path is more than a bad parameter', async t => {
  const { operations, send, wrong } = await openTarget(t)
  for (const { method, path } of operations) {
    if (!path.includes(':')) continue
    for (const name of hostileNames) {
      const sends = method === 'GET' || method === 'DELETE' ? undefined : '{}'
      await send(method, `${withName(path, name)}?api-version=7.4`, sends)
    }
  }
  assert.deepEqual(wrong.slice(0, 5), [])
})

test('no query is more than a bad parameter', async t => {
  const { operations, send, wrong } = await openTarget(t)
  for (const { method, path } of operations.filter(one => one.method !== 'DELETE')) {
    for (const query of hostileQueries)
      await send(method, `${withName(path, 'thing')}?${query}`, method === 'GET' ? undefined : '{}')
  }
  assert.deepEqual(wrong.slice(0, 5), [])
})

test('no body is more than a bad parameter', async t => {
  const { operations, send, wrong } = await openTarget(t)
  for (const { method, path } of operations.filter(one => !['GET', 'DELETE'].includes(one.method))) {
    for (const body of hostileBodies) await send(method, `${withName(path, 'thing')}?api-version=7.4`, body)
  }
  assert.deepEqual(wrong.slice(0, 5), [])
})

test('no member of a body is more than a bad parameter', async t => {
  const { send, wrong } = await openTarget(t)
  for (const [route, body] of Object.entries(goodBodies)) {
    const [method = '', path = ''] = route.split(' ')
    for (const value of hostileValues) {
      for (const bad of replaced(body, value)) await send(method, `${withName(path, 'thing')}?api-version=7.4`, bad)
    }
  }
  assert.deepEqual(wrong.slice(0, 5), [])
})
