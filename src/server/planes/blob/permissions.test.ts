/** Who is let in: roles, signatures, rules of the account, and what is open to everybody. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  AccountSASPermissions,
  BlobSASPermissions,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { openStorage, storageAudience } from './testing.ts'

const hour = 3_600_000
const later = () => new Date(Date.now() + hour)

async function opened(t: TestContext, properties: Record<string, unknown> = {}) {
  const storage = await openStorage(t, properties)
  const { send, lazuli, id, arm } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/other?restype=container')
  for (const path of ['/ctr/blob', '/ctr/else', '/other/blob'])
    await send('PUT', path, { body: 'hello', headers: { 'x-ms-blob-type': 'BlockBlob' } })
  const keys = JSON.parse((await arm('POST', `${id}/listKeys`)).text).keys as { value: string }[]
  const key = new StorageSharedKeyCredential('acct1', keys[0]?.value ?? '')
  const someone = async (role?: string, audience = storageAudience) =>
    (await lazuli.principal({ roles: role === undefined ? [] : [{ role }], audience })).token
  /** With a signature in the address, and no token. */
  const signed = (
    method: string,
    path: string,
    sas: { toString(): string },
    wish: { body?: string; address?: string } = {},
  ) => {
    const { address = '127.0.0.1', body } = wish
    const url = `https://acct1.blob.core.windows.net${path}${path.includes('?') ? '&' : '?'}${sas}`
    const headers: Record<string, string> = { 'x-ms-version': '2021-06-08', 'x-ms-blob-type': 'BlockBlob' }
    if (method === 'PUT') headers['content-length'] = String((body ?? '').length)
    return lazuli.request(method, url, { headers, address, ...(body === undefined ? {} : { body }) })
  }
  const service = (permissions: string, more: object = {}) =>
    generateBlobSASQueryParameters(
      { containerName: 'ctr', permissions: ContainerSASPermissions.parse(permissions), expiresOn: later(), ...more },
      key,
    )
  return { ...storage, key, someone, signed, service }
}

const said = (answer: { status: number; headers: Headers }) => [answer.status, answer.headers.get('x-ms-error-code')]

test('a reader reads and changes nothing; a contributor does both, and sets no access', async t => {
  const { send, someone } = await opened(t)
  const tokens = {
    reader: await someone('Storage Blob Data Reader'),
    contributor: await someone('Storage Blob Data Contributor'),
    owner: await someone('Owner'),
  }
  const put = { body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } }
  const expected: [string, string, object, Record<keyof typeof tokens, number>][] = [
    ['GET', '/ctr/blob', {}, { reader: 200, contributor: 200, owner: 403 }],
    ['GET', '/ctr?restype=container&comp=list', {}, { reader: 200, contributor: 200, owner: 403 }],
    ['GET', '/?comp=list', {}, { reader: 200, contributor: 200, owner: 200 }],
    ['PUT', '/ctr/blob', put, { reader: 403, contributor: 201, owner: 403 }],
    ['PUT', '/ctr?restype=container&comp=acl', {}, { reader: 403, contributor: 403, owner: 200 }],
    ['DELETE', '/ctr/else', {}, { reader: 403, contributor: 202, owner: 403 }],
  ]
  for (const [method, path, wish, statuses] of expected) {
    for (const [who, status] of Object.entries(statuses)) {
      const token = tokens[who as keyof typeof tokens]
      assert.equal((await send(method, path, { ...wish, token })).status, status, `${who} ${method} ${path}`)
    }
  }
})

test('a signature opens what it names, when, from where and how it says', async t => {
  const { signed, service, key } = await opened(t)
  const get = (sas: { toString(): string }, path = '/ctr/blob', address?: string) =>
    signed('GET', path, sas, address === undefined ? {} : { address }).then(said)
  const ok = [200, null]
  const failed = [403, 'AuthenticationFailed']
  assert.deepEqual(await get(service('r')), ok)
  assert.deepEqual(await get(service('r'), '/other/blob'), failed)
  assert.deepEqual(await get(service('w')), [403, 'AuthorizationPermissionMismatch'])
  assert.deepEqual(await get(service('r', { expiresOn: new Date(Date.now() - 1000) })), failed)
  assert.deepEqual(await get(service('r', { startsOn: later(), expiresOn: new Date(Date.now() + 2 * hour) })), failed)
  assert.deepEqual(await get(service('r', { ipRange: { start: '10.0.0.1' } })), [403, 'AuthorizationSourceIPMismatch'])
  assert.deepEqual(await get(service('r', { ipRange: { start: '10.0.0.1' } }), '/ctr/blob', '10.0.0.1'), ok)
  assert.deepEqual(await get(String(service('r')).replace(/sig=../, 'sig=AA')), failed)
  assert.deepEqual(await get(`${service('r')}&sp=rwd`), failed)
  const oneBlob = generateBlobSASQueryParameters(
    { containerName: 'ctr', blobName: 'blob', permissions: BlobSASPermissions.parse('r'), expiresOn: later() },
    key,
  )
  assert.deepEqual(await get(oneBlob), ok)
  assert.deepEqual(await get(oneBlob, '/ctr/else'), failed)
  assert.deepEqual(await get(oneBlob, '/ctr?restype=container&comp=list'), failed)
  const account = (services: string, resourceTypes: string) =>
    generateAccountSASQueryParameters(
      { services, resourceTypes, permissions: AccountSASPermissions.parse('r'), expiresOn: later() },
      key,
    )
  assert.deepEqual(await get(account('b', 'o')), ok)
  assert.deepEqual(await get(account('q', 'o')), [403, 'AuthorizationServiceMismatch'])
  assert.deepEqual(await get(account('b', 's')), [403, 'AuthorizationResourceTypeMismatch'])
})

test('over plain http a signature for https is refused', async t => {
  const { service, lazuli } = await opened(t)
  const url = `http://acct1.blob.core.windows.net/ctr/blob?${service('r', { protocol: SASProtocol.Https })}`
  assert.deepEqual(said(await lazuli.request('GET', url)), [403, 'AuthorizationProtocolMismatch'])
})

test('who may only create does not overwrite', async t => {
  const { signed, service, send } = await opened(t)
  const create = service('c')
  assert.deepEqual(said(await signed('PUT', '/ctr/new', create, { body: 'one' })), [201, null])
  assert.deepEqual(said(await signed('PUT', '/ctr/new', create, { body: 'two' })), [
    403,
    'AuthorizationPermissionMismatch',
  ])
  assert.equal((await send('GET', '/ctr/new')).text, 'one')
})

test('a signature ends with the key that made it, and with the policy that it names', async t => {
  const { signed, service, send, arm, id, key } = await opened(t)
  const policy = (text: string) =>
    send('PUT', '/ctr?restype=container&comp=acl', { body: `<SignedIdentifiers>${text}</SignedIdentifiers>` })
  const expiry = `<Expiry>${later().toISOString()}</Expiry><Permission>r</Permission>`
  await policy(`<SignedIdentifier><Id>p</Id><AccessPolicy>${expiry}</AccessPolicy></SignedIdentifier>`)
  const named = generateBlobSASQueryParameters({ containerName: 'ctr', identifier: 'p' }, key)
  assert.equal((await signed('GET', '/ctr/blob', named)).status, 200)
  await policy('')
  assert.deepEqual(said(await signed('GET', '/ctr/blob', named)), [403, 'AuthenticationFailed'])
  const byKey = service('r')
  assert.equal((await signed('GET', '/ctr/blob', byKey)).status, 200)
  await arm('POST', `${id}/regenerateKey`, { keyName: 'key1' })
  assert.deepEqual(said(await signed('GET', '/ctr/blob', byKey)), [403, 'AuthenticationFailed'])
})

test('an account can forbid keys, and addresses', async t => {
  const { signed, service, send, arm, id } = await opened(t)
  await arm('PATCH', id, { properties: { allowSharedKeyAccess: false } })
  assert.deepEqual(said(await signed('GET', '/ctr/blob', service('r'))), [403, 'KeyBasedAuthenticationNotPermitted'])
  assert.equal((await send('GET', '/ctr/blob')).status, 200)
  const acls = (value: string) => ({ properties: { networkAcls: { defaultAction: 'Deny', ipRules: [{ value }] } } })
  await arm('PATCH', id, acls('10.0.0.0/24'))
  assert.deepEqual(said(await send('GET', '/ctr/blob')), [403, 'AuthorizationFailure'])
  await arm('PATCH', id, acls('127.0.0.0/8'))
  assert.equal((await send('GET', '/ctr/blob')).status, 200)
})

test('everybody sees what a container opens, where the account lets it', async t => {
  const { send, arm, id } = await opened(t, { allowBlobPublicAccess: true })
  const open = (access: string) =>
    send('PUT', '/ctr?restype=container&comp=acl', { headers: { 'x-ms-blob-public-access': access } })
  const anyone = (path: string, method = 'GET') => send(method, path, { token: null }).then(({ status }) => status)
  assert.equal(await anyone('/ctr/blob'), 401)
  await open('blob')
  assert.deepEqual([await anyone('/ctr/blob'), await anyone('/ctr?restype=container&comp=list')], [200, 401])
  await open('container')
  assert.deepEqual([await anyone('/ctr?restype=container&comp=list'), await anyone('/other/blob')], [200, 401])
  assert.equal(await anyone('/ctr/blob', 'DELETE'), 401)
  await arm('PATCH', id, { properties: { allowBlobPublicAccess: false } })
  assert.equal(await anyone('/ctr/blob'), 409)
})
