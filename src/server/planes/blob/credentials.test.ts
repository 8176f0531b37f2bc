/** Each operation of the plane with each credential: who is let in, and what the others hear. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  AccountSASPermissions,
  type AccountSASSignatureValues,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { operations } from './operations.ts'
import { type Answer, openStorage, storageAudience } from './testing.ts'

/**
 * For each operation: whether Storage Blob Data (R)eader and (C)ontributor may do it, or (E)verybody who has signed in;
 * what kind of signature reaches it, `blob` one for a container, `s` or `c` one for an account with this type of
 * resource; and the letters of which each alone is enough where the blob is there already. From the tables of Azure's
 * documentation: "Permissions for calling data operations", "Create a service SAS", "Create an account SAS".
 */
const table: Readonly<Record<string, readonly [roles: string, signature: 'blob' | 's' | 'c' | '', letters: string]>> = {
  'GET /?comp=list': ['RC', 's', 'l'],
  'GET /?restype=service&comp=properties': ['', 's', 'r'],
  'PUT /?restype=service&comp=properties': ['', 's', 'w'],
  'GET /?restype=service&comp=stats': ['', 's', 'r'],
  'POST /?restype=service&comp=userdelegationkey': ['RC', '', ''],
  'GET /?comp=blobs': ['', 's', 'f'],
  'GET /?restype=account&comp=properties': ['', 's', 'r'],
  'HEAD /?restype=account&comp=properties': ['', 's', 'r'],
  'POST /?comp=batch': ['E', 's', ''],

  'GET /ctr?restype=account&comp=properties': ['RC', 'c', 'r'],
  'HEAD /ctr?restype=account&comp=properties': ['RC', 'c', 'r'],
  'POST /ctr?restype=container&comp=batch': ['E', 'c', ''],
  'PUT /ctr?restype=container': ['C', 'c', 'cw'],
  'GET /ctr?restype=container': ['RC', 'c', 'r'],
  'HEAD /ctr?restype=container': ['RC', 'c', 'r'],
  'GET /ctr?restype=container&comp=metadata': ['RC', 'c', 'r'],
  'HEAD /ctr?restype=container&comp=metadata': ['RC', 'c', 'r'],
  'PUT /ctr?restype=container&comp=metadata': ['C', 'c', 'w'],
  'GET /ctr?restype=container&comp=acl': ['', '', ''],
  'HEAD /ctr?restype=container&comp=acl': ['', '', ''],
  'PUT /ctr?restype=container&comp=acl': ['', '', ''],
  'PUT /ctr?restype=container&comp=lease': ['C', 'c', 'w'],
  'DELETE /ctr?restype=container': ['C', 'c', 'd'],
  'GET /ctr?restype=container&comp=list': ['RC', 'blob', 'l'],
  'GET /ctr?restype=container&comp=blobs': ['', 'blob', 'f'],

  'GET /ctr/blob?restype=account&comp=properties': ['RC', 'blob', 'r'],
  'HEAD /ctr/blob?restype=account&comp=properties': ['RC', 'blob', 'r'],
  'PUT /ctr/blob': ['C', 'blob', 'w'],
  'GET /ctr/blob': ['RC', 'blob', 'r'],
  'HEAD /ctr/blob': ['RC', 'blob', 'r'],
  'DELETE /ctr/blob': ['C', 'blob', 'd'],
  'DELETE /ctr/blob?versionid=*': ['', 'blob', 'x'],
  'PUT /ctr/blob?comp=properties': ['C', 'blob', 'w'],
  'GET /ctr/blob?comp=metadata': ['RC', 'blob', 'r'],
  'HEAD /ctr/blob?comp=metadata': ['RC', 'blob', 'r'],
  'PUT /ctr/blob?comp=metadata': ['C', 'blob', 'w'],
  'GET /ctr/blob?comp=tags': ['', 'blob', 't'],
  'PUT /ctr/blob?comp=tags': ['', 'blob', 't'],
  'PUT /ctr/blob?comp=lease': ['C', 'blob', 'w'],
  'PUT /ctr/blob?comp=snapshot': ['C', 'blob', 'cw'],
  'PUT /ctr/blob?comp=copy': ['C', 'blob', 'w'],
  'PUT /ctr/blob?comp=tier': ['C', 'blob', 'w'],
  'PUT /ctr/blob?comp=undelete': ['C', 'blob', 'w'],
  'PUT /ctr/blob?comp=block': ['C', 'blob', 'w'],
  'PUT /ctr/blob?comp=blocklist': ['C', 'blob', 'w'],
  'GET /ctr/blob?comp=blocklist': ['RC', 'blob', 'r'],
  'PUT /ctr/blob?comp=appendblock': ['C', 'blob', 'aw'],
  'PUT /ctr/blob?comp=seal': ['C', 'blob', 'aw'],
  'PUT /ctr/blob?comp=page': ['C', 'blob', 'w'],
  'GET /ctr/blob?comp=pagelist': ['RC', 'blob', 'r'],
}
/** What they cannot do without: whether something is there already is looked at after it. */
const lacking: Readonly<Record<string, { query?: string; body?: string }>> = {
  'PUT /ctr/blob?comp=block': { query: '&blockid=AAAA', body: 'x' },
  'PUT /ctr/blob?comp=blocklist': { body: '<BlockList></BlockList>' },
}
const rows = Object.entries(table).map(([request, [roles, signature, letters]]) => {
  const [method = '', path = ''] = request.split(' ')
  const { query = '', body } = lacking[request] ?? {}
  return { request, method, path: path + query, body, roles, signature, letters }
})
type Row = (typeof rows)[number]

const every = { blob: 'racwdxltfi', account: 'rwdxlacuptfi' }
const hour = 3_600_000
const later = () => new Date(Date.now() + hour)
const mismatch = [403, 'AuthorizationPermissionMismatch']
const failed = [403, 'AuthenticationFailed']
const said = (answer: Pick<Answer, 'status' | 'headers'>) => [answer.status, answer.headers.get('x-ms-error-code')]

async function opened(t: TestContext) {
  const storage = await openStorage(t)
  const { send, lazuli, id, arm } = storage
  const renew = async () => {
    await send('PUT', '/ctr?restype=container')
    await send('PUT', '/ctr/blob', { body: 'hello', headers: { 'x-ms-blob-type': 'BlockBlob' } })
  }
  await renew()
  const [key1 = '', key2 = ''] = JSON.parse((await arm('POST', `${id}/listKeys`)).text).keys.map(
    (key: { value: string }) => key.value,
  )
  type Wish = { key?: string; letters?: string; account?: string; container?: string } & Pick<
    AccountSASSignatureValues,
    'ipRange' | 'protocol'
  > & { expiresOn?: Date }
  /** A signature that reaches an operation, if any does, with all letters unless others are wished. */
  const signature = ({ signature: kind }: Pick<Row, 'signature'>, wish: Wish = {}): string => {
    const { key = key1, letters, account = 'acct1', container = 'ctr', ...more } = wish
    const by = new StorageSharedKeyCredential(account, key)
    if (kind === 'blob') {
      const permissions = ContainerSASPermissions.parse(letters ?? every.blob)
      return String(
        generateBlobSASQueryParameters({ containerName: container, permissions, expiresOn: later(), ...more }, by),
      )
    }
    const permissions = AccountSASPermissions.parse(letters ?? every.account)
    const wide = { services: 'b', resourceTypes: kind === '' ? 'sco' : kind, permissions, expiresOn: later() }
    return String(generateAccountSASQueryParameters({ ...wide, ...more }, by))
  }
  const ask = async ({ method, path, body }: Row, by: { token?: string; sas?: string; scheme?: 'http' }) => {
    const { token, sas, scheme = 'https' } = by
    const query = sas === undefined ? '' : `${path.includes('?') ? '&' : '?'}${sas}`
    return lazuli.request(method, `${scheme}://acct1.blob.core.windows.net${path}${query}`, {
      token,
      headers: {
        'x-ms-version': '2021-06-08',
        'x-ms-blob-type': 'BlockBlob',
        ...(method === 'PUT' ? { 'content-length': String(body?.length ?? 0) } : {}),
      },
      body,
    })
  }
  const tokenOf = async (role?: string, audience = storageAudience) =>
    (await lazuli.principal({ roles: role === undefined ? [] : [{ role }], audience })).token
  return { ...storage, renew, signature, ask, tokenOf, key2, byKey1: new StorageSharedKeyCredential('acct1', key1) }
}

/** What becomes of a request that is let in is another matter: most of these lack something. */
function assertLetIn(answer: Response, what: string): void {
  assert.ok(![401, 403].includes(answer.status), `${what}: ${said(answer)}`)
}

test('the table has every operation that is not open to all', () => {
  const known = operations
    .filter(({ access }) => !('open' in access))
    .map(({ route, query }) => {
      const path = route.replace('/:account', '').replace('/:container', '/ctr').replace('/:blob*', '/blob')
      return `${path.endsWith(' ') ? `${path}/` : path}${query ? `?${query}` : ''}`
    })
  assert.deepEqual(Object.keys(table).sort(), known.sort())
})

test('a reader and a contributor may do what their roles say, and nobody without a role may do anything', async t => {
  const { ask, tokenOf, renew } = await opened(t)
  const tokens = {
    elsewhere: await tokenOf('Storage Blob Data Owner', 'https://vault.azure.net'),
    noRole: await tokenOf(),
    R: await tokenOf('Storage Blob Data Reader'),
    C: await tokenOf('Storage Blob Data Contributor'),
  }
  for (const row of rows) {
    const { request, roles } = row
    assert.deepEqual(said(await ask(row, {})), [401, 'NoAuthenticationInformation'], request)
    const elsewhere = said(await ask(row, { token: tokens.elsewhere }))
    assert.deepEqual(elsewhere, [401, 'InvalidAuthenticationInfo'], request)
    for (const who of ['noRole', 'R', 'C'] as const) {
      const answer = await ask(row, { token: tokens[who] })
      if (roles === 'E' || roles.includes(who)) assertLetIn(answer, `${who}: ${request}`)
      else assert.deepEqual(said(answer), mismatch, `${who}: ${request}`)
    }
    if (roles.includes('C')) await renew()
  }
})

test('each letter of a signature opens what it stands for, and all others together do not', async t => {
  const { ask, signature, renew } = await opened(t)
  for (const row of rows) {
    const { request, letters } = row
    for (const letter of letters) {
      assertLetIn(await ask(row, { sas: signature(row, { letters: letter }) }), `${letter}: ${request}`)
      await renew()
    }
    // A batch needs nothing itself: each request in it has a signature of its own.
    if (row.roles === 'E') continue
    const all = row.signature === 'blob' ? every.blob : every.account
    const others = [...all].filter(letter => !letters.includes(letter)).join('')
    const [status, code] = said(await ask(row, { sas: signature(row, { letters: others }) }))
    // The key with which a user signs is given to nobody but a user.
    assert.ok(status === 403 && (code === mismatch[1] || row.signature === ''), `${others}: ${request}: ${code}`)
  }
})

test('a signature that has ended, is for elsewhere, or was revoked opens nothing', async t => {
  const { ask, send, signature, arm, id, byKey1, key2 } = await opened(t)
  const past = new Date(Date.now() - 1_000)
  const policy = (text: string) =>
    send('PUT', '/ctr?restype=container&comp=acl', { body: `<SignedIdentifiers>${text}</SignedIdentifiers>` })
  const access = `<Expiry>${later().toISOString()}</Expiry><Permission>${every.blob}</Permission>`
  assert.equal(
    (await policy(`<SignedIdentifier><Id>p</Id><AccessPolicy>${access}</AccessPolicy></SignedIdentifier>`)).status,
    200,
  )
  const named = String(generateBlobSASQueryParameters({ containerName: 'ctr', identifier: 'p' }, byKey1))
  const byKey2 = rows.map(row => signature(row, { key: key2 }))
  for (const [i, row] of rows.entries()) {
    if (row.signature !== 'blob' || row.method !== 'GET') continue
    assertLetIn(await ask(row, { sas: named }), row.request)
    assertLetIn(await ask(row, { sas: byKey2[i] ?? '' }), row.request)
  }
  await policy('')
  await arm('POST', `${id}/regenerateKey`, { keyName: 'key2' })

  const abroad = { ipRange: { start: '10.0.0.1' } }
  for (const [i, row] of rows.entries()) {
    const elsewhere = row.signature === 'blob' ? { container: 'other' } : { account: 'acct2' }
    const outcomes = {
      expired: [await ask(row, { sas: signature(row, { expiresOn: past }) }), failed],
      'another path': [await ask(row, { sas: signature(row, elsewhere) }), failed],
      'wrong address': [await ask(row, { sas: signature(row, abroad) }), [403, 'AuthorizationSourceIPMismatch']],
      'plain http': [
        await ask(row, { sas: signature(row, { protocol: SASProtocol.Https }), scheme: 'http' }),
        [403, 'AuthorizationProtocolMismatch'],
      ],
      'key made anew': [await ask(row, { sas: byKey2[i] ?? '' }), failed],
      'policy removed': [await ask(row, { sas: named }), failed],
    } as const
    for (const [why, [answer, expected]] of Object.entries(outcomes))
      assert.deepEqual(said(answer), expected, `${why}: ${row.request}`)
  }
  await arm('PATCH', id, { properties: { allowSharedKeyAccess: false } })
  for (const row of rows) {
    const refused = said(await ask(row, { sas: signature(row) }))
    assert.deepEqual(refused, [403, 'KeyBasedAuthenticationNotPermitted'], row.request)
  }
  assert.equal((await send('GET', '/ctr/blob')).text, 'hello')
})
