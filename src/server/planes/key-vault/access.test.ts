import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVault, vaultAudience } from './testing-vault.ts'

const forbidden = (message: string, inner: string) => ({
  error: { code: 'Forbidden', message, innererror: { code: inner } },
})

test('who asks without a good token learns where to get one, and for whom', async t => {
  const { ask, directory, keeper, forwardBy, request } = await openVault(t)
  const challenge = `Bearer authorization="https://login.microsoftonline.com/${directory.tenantId}", resource="https://vault.azure.net"`
  const cases = [
    [undefined, 'AKV10000: Request is missing a Bearer or PoP token.'],
    ['x', '[BearerReadAccessTokenFailed] Error validating token: the token is not valid.'],
    [
      await keeper.tokenFor('https://storage.azure.com/'),
      'AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://storage.azure.com/.',
    ],
    [
      await keeper.tokenFor(`${vaultAudience}/`),
      'AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://vault.azure.net/.',
    ],
  ] as const
  for (const [token, message] of cases) {
    // The body of the first request is left out by clients: nobody may look at it.
    const { status, headers, body } = await ask('PUT', '/secrets/s', { token })
    assert.deepEqual([status, body], [401, { error: { code: 'Unauthorized', message } }])
    assert.equal(headers.get('www-authenticate'), challenge)
  }
  const own = await request('GET', 'https://safe.vault.lazuli.localhost:4443/secrets?api-version=7.4')
  assert.equal(
    own.headers.get('www-authenticate'),
    `Bearer authorization="https://login.lazuli.localhost:4443/${directory.tenantId}", resource="https://vault.lazuli.localhost:4443"`,
  )
  const old = await keeper.tokenFor(vaultAudience)
  forwardBy(3_601)
  const { body } = await ask('GET', '/secrets', { token: old })
  assert.deepEqual(body, {
    error: { code: 'Unauthorized', message: '[TokenExpired] Error validating token: the token has expired.' },
  })
})

test('a vault with roles goes by roles, down to a single secret, and says who was refused what', async t => {
  const { ask, principal, vaultId, directory } = await openVault(t, {
    // Policies of a vault with roles count for nothing.
    properties: { accessPolicies: [] },
  })
  await ask('PUT', '/secrets/mine', { body: { value: 'v' } })
  await ask('PUT', '/secrets/other', { body: { value: 'v' } })
  const reader = await principal({
    roles: [{ role: 'Key Vault Secrets User', scope: `${vaultId}/secrets/mine` }],
    audience: vaultAudience,
  })
  const token = await reader.tokenFor(vaultAudience)
  assert.equal((await ask('GET', '/secrets/MINE', { token })).status, 200)
  assert.equal((await ask('GET', '/secrets', { token })).status, 403)
  assert.equal((await ask('PUT', '/secrets/mine', { token, body: { value: 'w' } })).status, 403)
  const { status, body } = await ask('GET', '/secrets/other', { token })
  const message = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: appid=${reader.clientId};oid=${reader.objectId};iss=https://sts.windows.net/${directory.tenantId}/`,
    "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
    `Resource: '${vaultId.toLowerCase()}/secrets/other'`,
    'Assignment: (not found)',
    'DenyAssignmentId: null',
    'DecisionReason: null ',
    'Vault: safe;location=westus',
    '',
  ].join('\r\n')
  assert.deepEqual([status, body], [403, forbidden(message, 'ForbiddenByRbac')])
})

test('a vault with policies goes by policies, and a role opens nothing in it', async t => {
  const { ask, request, principal, keeper, vaultId, directory, armToken } = await openVault(t, {
    properties: { enableRbacAuthorization: false },
  })
  const owner = await principal({ audience: vaultAudience })
  const permit = (objectId: string, permissions: object, more: object = {}) =>
    request('PUT', `${vaultId}/accessPolicies/replace?api-version=2023-07-01`, {
      token: armToken,
      body: { properties: { accessPolicies: [{ tenantId: directory.tenantId, objectId, permissions, ...more }] } },
    })
  const about = `appid=${keeper.clientId};oid=${keeper.objectId};iss=https://sts.windows.net/${directory.tenantId}/`
  const byRole = await ask('GET', '/secrets')
  assert.deepEqual(
    [byRole.status, byRole.body],
    [
      403,
      forbidden(
        `The user, group or application '${about}' does not have secrets list permission on key vault 'safe;location=westus'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
        'ForbiddenByPolicy',
      ),
    ],
  )

  const { token } = owner
  await permit(owner.objectId.toUpperCase(), { secrets: ['Set', 'Get', 'Delete'] })
  assert.equal((await ask('PUT', '/secrets/s', { token, body: { value: 'v' } })).status, 200)
  assert.equal((await ask('GET', '/secrets/s', { token })).status, 200)
  assert.equal((await ask('GET', '/secrets', { token })).status, 403)
  assert.equal((await ask('GET', '/secrets/s/versions', { token })).status, 403)
  assert.equal((await ask('DELETE', '/secrets/s', { token })).status, 200)
  // All but purge, which destroys.
  await permit(owner.objectId, { secrets: ['all'] })
  assert.equal((await ask('GET', '/deletedsecrets', { token })).status, 200)
  assert.equal((await ask('DELETE', '/deletedsecrets/s', { token })).status, 403)
  await permit(owner.objectId, { secrets: ['purge'] })
  assert.equal((await ask('DELETE', '/deletedsecrets/s', { token })).status, 204)
  // For an application that acts for somebody: not for either of them alone.
  await permit(owner.objectId, { secrets: ['all'] }, { applicationId: keeper.clientId })
  assert.equal((await ask('GET', '/secrets', { token })).status, 403)
})

test('a firewall asks where a caller comes from before it asks what the caller may', async t => {
  const { ask, request, vaultId, armToken, keeper, directory } = await openVault(t)
  const patch = (properties: object) =>
    request('PATCH', `${vaultId}?api-version=2023-07-01`, { token: armToken, body: { properties } })
  const who = `Caller: appid=${keeper.clientId};oid=${keeper.objectId};iss=https://sts.windows.net/${directory.tenantId}/\r\nVault: safe;location=westus`
  await patch({ networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '10.1.0.0/16' }, { value: '192.0.2.7' }] } })
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7'])
    assert.equal((await ask('GET', '/secrets', { address })).status, 200, address)
  for (const address of ['10.2.0.1', '192.0.2.8', '::1', '']) {
    const { status, body } = await ask('GET', '/secrets', { address })
    assert.deepEqual(
      [status, body],
      [
        403,
        forbidden(
          `Client address is not authorized and caller is not a trusted service.\r\nClient address: ${address}\r\n${who}`,
          'ForbiddenByFirewall',
        ),
      ],
    )
  }
  assert.equal((await ask('GET', '/secrets', { address: '10.2.0.1', token: undefined })).status, 401)
  await patch({ publicNetworkAccess: 'Disabled' })
  const { body } = await ask('GET', '/secrets', { address: '10.1.2.3' })
  assert.deepEqual(
    body,
    forbidden(
      `Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\n${who}`,
      'ForbiddenByConnection',
    ),
  )
})

test('what is wrong with a request is said after it is known who asks, and changes nothing', async t => {
  const { ask, request, keeper } = await openVault(t)
  const bad = (message: string) => ({ error: { code: 'BadParameter', message } })
  const cases: [string, string, unknown, string][] = [
    ['PUT', '/secrets/a_b', { value: 'v' }, 'The request URI contains an invalid name: a_b'],
    [
      'PUT',
      `/secrets/${'x'.repeat(128)}`,
      { value: 'v' },
      `The request URI contains an invalid name: ${'x'.repeat(128)}`,
    ],
    ['PUT', '/secrets/s', {}, 'Property value has invalid value: it is missing.'],
    [
      'PUT',
      '/secrets/s',
      { value: 'x'.repeat(25_601) },
      'Property value has invalid value: the value is longer than 25600 bytes.',
    ],
    [
      'PUT',
      '/secrets/s',
      { value: 'v', tags: Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`t${at}`, ''])) },
      'Property tags has invalid value: there may be 15 tags at most.',
    ],
    ['PUT', '/secrets/s', { value: 'v', attributes: { nbf: 10, exp: 10 } }, 'Parameter exp must be later than nbf.'],
    ['PUT', '/secrets/s?api-version=6.0', { value: 'v' }, 'api-version 6.0 is not supported'],
  ]
  for (const [method, path, body, message] of cases) {
    const answer = await ask(method, path, { body })
    assert.deepEqual([answer.status, answer.body], [400, bad(message)], path)
  }
  const { token } = keeper
  const raw = await request('PUT', 'https://safe.vault.azure.net/secrets/s?api-version=7.4', {
    token,
    body: '{"value":',
  })
  assert.equal(raw.status, 400)
  assert.equal(((await raw.json()) as { error: { code: string } }).error.code, 'BadParameter')
  const without = await request('GET', 'https://safe.vault.azure.net/secrets', { token })
  assert.deepEqual(await without.json(), bad('api-version must be specified'))
  assert.equal((await request('GET', 'https://none.vault.azure.net/secrets?api-version=7.4', { token })).status, 404)
  assert.equal((await ask('GET', '/nothing')).status, 404)
  assert.deepEqual((await ask('GET', '/secrets')).body, { value: [], nextLink: null })
})

test('every call of a vault is on record, without what was in it', async t => {
  const { ask, auditRows } = await openVault(t)
  await ask('PUT', '/secrets/s', { body: { value: 'very secret' } })
  await ask('GET', '/secrets/s')
  const rows = (await auditRows()).filter(({ plane }) => plane === 'key-vault')
  assert.deepEqual(
    rows.map(({ operation, outcome }) => [operation.replace('Microsoft.KeyVault/vaults/', ''), outcome]),
    [
      ['secrets/getSecret/action', 'Succeeded'],
      ['secrets/setSecret/action', 'Succeeded'],
      ['secrets/setSecret/action', 'Accepted'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(rows), /very secret/)
})
