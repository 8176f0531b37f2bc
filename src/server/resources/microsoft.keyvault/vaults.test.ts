import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemGrant } from '../../access/grant.ts'
import { keyVaultPlane } from '../../planes/key-vault/plane.ts'
import { type Lifetime, openLazuli } from '../../testing/open-lazuli.ts'
import { nameInUse, nameNotValid } from './refusals.ts'

const version = '2023-07-01'
const arrange = systemGrant('arrange a test')
const someone = '11111111-2222-4333-8444-555555555555'

async function withGroup(t: Lifetime) {
  const lazuli = await openLazuli(t, { planes: parts => [keyVaultPlane(parts)] })
  const token = await lazuli.adminToken()
  const ask = async (method: string, path: string, body?: unknown, wish: { version?: string; token?: string } = {}) => {
    const url = new URL(path, 'https://management.azure.com')
    url.searchParams.set('api-version', wish.version ?? version)
    const response = await lazuli.request(method, url.href, { token: wish.token ?? token, body })
    const text = await response.text()
    const found: { status: number; body: unknown } = {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
    }
    return found
  }
  const group = `${lazuli.subscription}/resourceGroups/g`
  await ask('PUT', group, { location: 'westus' }, { version: '2022-09-01' })
  const provider = `${lazuli.subscription}/providers/Microsoft.KeyVault`
  const { tenantId } = lazuli.directory
  const sku = { family: 'A', name: 'standard' }
  return {
    ...lazuli,
    ask,
    group,
    provider,
    tenantId,
    sku,
    vault: (name: string) => `${group}/providers/Microsoft.KeyVault/vaults/${name}`,
    wish: (properties: object = {}) => ({
      location: 'West US',
      properties: { tenantId, sku, accessPolicies: [], ...properties },
    }),
    shown: (name: string, properties: object = {}) => ({
      id: `${group}/providers/Microsoft.KeyVault/vaults/${name}`,
      name,
      type: 'Microsoft.KeyVault/vaults',
      location: 'westus',
      properties: {
        sku,
        tenantId,
        accessPolicies: [],
        enabledForDeployment: false,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enableRbacAuthorization: false,
        publicNetworkAccess: 'Enabled',
        provisioningState: 'Succeeded',
        vaultUri: `https://${name.toLowerCase()}.vault.azure.net/`,
        ...properties,
      },
    }),
  }
}

const refusal = (code: string, message: string) => ({ error: { code, message } })

test('a vault goes by policies or by roles as the version that makes it has it, and keeps what nobody changes', async t => {
  const { ask, vault, wish, shown } = await withGroup(t)
  assert.deepEqual(await ask('PUT', vault('Old-Safe'), wish()), { status: 201, body: shown('Old-Safe') })
  const roles = { enableRbacAuthorization: true }
  const made = await ask('PUT', vault('new-safe'), wish({ accessPolicies: null }), { version: '2026-02-01' })
  assert.deepEqual(made, { status: 201, body: shown('new-safe', roles) })

  const again = await ask('PUT', vault('new-safe'), wish({ enabledForDeployment: true }))
  assert.deepEqual(again.body, shown('new-safe', { ...roles, enabledForDeployment: true }))
  const patch = { tags: { a: 'b' }, properties: { enablePurgeProtection: true, enableRbacAuthorization: null } }
  const patched = await ask('PATCH', vault('new-safe'), patch)
  assert.deepEqual(patched.body, {
    ...shown('new-safe', { ...roles, enabledForDeployment: true, enablePurgeProtection: true }),
    tags: { a: 'b' },
  })
  // A PUT says all that a vault is to be, but for what cannot be taken back and for how access is decided.
  const closed = { networkAcls: { defaultAction: 'Deny' }, publicNetworkAccess: 'Disabled' }
  const kept = { ...roles, enablePurgeProtection: true }
  const put = await ask('PUT', vault('new-safe'), wish(closed))
  assert.deepEqual(put.body, shown('new-safe', { ...kept, ...closed }))
  assert.deepEqual((await ask('PUT', vault('new-safe'), wish())).body, shown('new-safe', kept))

  const list = await ask('GET', vault('').slice(0, -1))
  assert.deepEqual(
    (list.body as { value: { name: string }[] }).value.map(({ name }) => name),
    ['new-safe', 'Old-Safe'],
  )
})

test('what a vault cannot be is refused, and changes nothing', async t => {
  const { ask, vault, wish, tenantId, sku } = await withGroup(t)
  await ask('PUT', vault('safe'), wish({ enablePurgeProtection: true, softDeleteRetentionInDays: 30 }))
  const before = (await ask('GET', vault('safe'))).body
  const irreversible =
    'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.'
  const cases: [string, object, number, object][] = [
    ['1safe', wish(), 400, refusal('VaultNameNotValid', nameNotValid('1safe'))],
    ['sa--fe', wish(), 400, refusal('VaultNameNotValid', nameNotValid('sa--fe'))],
    ['safe', wish({ enablePurgeProtection: false }), 400, refusal('BadRequest', irreversible)],
    [
      'safe',
      wish({ softDeleteRetentionInDays: 31 }),
      400,
      refusal('BadRequest', 'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.'),
    ],
    [
      'safe2',
      wish({ softDeleteRetentionInDays: 6 }),
      400,
      refusal('BadRequest', 'The parameter softDeleteRetentionInDays has an invalid value.'),
    ],
    [
      'safe2',
      { location: 'westus', properties: { tenantId, sku } },
      400,
      refusal('BadRequest', 'The parameter accessPolicies is not specified.'),
    ],
    [
      'safe',
      wish({ publicNetworkAccess: 'banana' }),
      400,
      refusal('BadRequest', "An invalid value was provided for 'publicNetworkAccess'."),
    ],
    [
      'safe2',
      { location: 'westus', properties: { tenantId } },
      400,
      refusal('BadRequest', 'The parameter sku is not specified.'),
    ],
    [
      'safe2',
      { location: 'westus', properties: { tenantId: someone, sku } },
      400,
      refusal('BadRequest', `The tenant '${someone}' is not that of the subscription, which is '${tenantId}'.`),
    ],
    [
      'safe2',
      wish({ createMode: 'recover' }),
      404,
      refusal('DeletedVaultNotFound', "The specified deleted vault 'safe2' does not exist."),
    ],
  ]
  for (const [name, body, status, error] of cases)
    assert.deepEqual(await ask('PUT', vault(name), body), { status, body: error })
  const badRule = await ask('PUT', vault('safe'), wish({ networkAcls: { ipRules: [{ value: '10.0.0.0/40' }] } }))
  assert.equal(badRule.status, 400)
  assert.deepEqual((await ask('GET', vault('safe'))).body, before)
  assert.equal((await ask('GET', vault('safe2'))).status, 404)
})

test('a name is taken everywhere until the vault that had it is purged', async t => {
  const { ask, vault, wish, shown, provider, clock, subscription, request, adminToken } = await withGroup(t)
  Object.assign(clock, { now: () => Date.UTC(2027, 0, 1) })
  const token = await adminToken()
  const asAdmin = { token }
  const available = (name: string) =>
    ask('POST', `${provider}/checkNameAvailability`, { name, type: 'Microsoft.KeyVault/vaults' }, asAdmin)
  assert.deepEqual((await available('safe')).body, { nameAvailable: true })
  assert.deepEqual((await available('-x')).body, {
    nameAvailable: false,
    reason: 'AccountNameInvalid',
    message: nameNotValid('-x'),
  })
  await ask('PUT', vault('safe'), { ...wish(), tags: { a: 'b' } }, asAdmin)
  const taken = { nameAvailable: false, reason: 'AlreadyExists', message: nameInUse('SAFE') }
  assert.deepEqual((await available('SAFE')).body, taken)
  const elsewhere = `${subscription}/resourceGroups/h`
  await ask('PUT', elsewhere, { location: 'westus' }, { version: '2022-09-01', token })
  const other = `${elsewhere}/providers/Microsoft.KeyVault/vaults/safe`
  const alreadyThere = { status: 409, body: refusal('VaultAlreadyExists', nameInUse('safe')) }
  assert.deepEqual(await ask('PUT', other, wish(), asAdmin), alreadyThere)

  assert.equal((await ask('DELETE', vault('safe'), undefined, asAdmin)).status, 200)
  const gone = await request('GET', 'https://safe.vault.azure.net/secrets?api-version=7.4')
  assert.equal(gone.status, 404)
  assert.deepEqual(await ask('PUT', other, wish(), asAdmin), alreadyThere)
  assert.deepEqual((await available('SAFE')).body, taken)
  const deleted = {
    id: `${provider}/locations/westus/deletedVaults/safe`,
    name: 'safe',
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: vault('safe'),
      location: 'westus',
      tags: { a: 'b' },
      deletionDate: '2027-01-01T00:00:00.000Z',
      scheduledPurgeDate: '2027-04-01T00:00:00.000Z',
    },
  }
  const one = `${provider}/locations/westus/deletedVaults/safe`
  assert.deepEqual((await ask('GET', one, undefined, asAdmin)).body, deleted)
  assert.deepEqual((await ask('GET', `${provider}/deletedVaults`, undefined, asAdmin)).body, { value: [deleted] })

  const elsewhereRecovered = { ...wish({ createMode: 'recover' }), location: 'eastus' }
  assert.deepEqual(await ask('PUT', vault('safe'), elsewhereRecovered, asAdmin), {
    status: 404,
    body: refusal('DeletedVaultNotFound', "The specified deleted vault 'safe' does not exist."),
  })
  assert.deepEqual((await ask('PUT', vault('safe'), wish({ createMode: 'recover' }), asAdmin)).body, {
    ...shown('safe'),
    tags: { a: 'b' },
  })
  assert.deepEqual((await ask('GET', `${provider}/deletedVaults`, undefined, asAdmin)).body, { value: [] })
  await ask('DELETE', vault('safe'), undefined, asAdmin)
  assert.equal((await ask('POST', `${one}/purge`, undefined, asAdmin)).status, 200)
  assert.equal((await ask('POST', `${one}/purge`, undefined, asAdmin)).status, 404)
  assert.equal((await ask('PUT', other, wish(), asAdmin)).status, 201)
})

test('a vault with purge protection is not purged by anybody before its time', async t => {
  const { ask, vault, wish, provider } = await withGroup(t)
  await ask('PUT', vault('safe'), wish({ enablePurgeProtection: true, softDeleteRetentionInDays: 7 }))
  await ask('DELETE', vault('safe'))
  assert.deepEqual(await ask('POST', `${provider}/locations/westus/deletedVaults/safe/purge`), {
    status: 405,
    body: refusal('MethodNotAllowed', "Operation 'DeletedVaultPurge' is not allowed."),
  })
})

test('what lay in a vault comes back with it, and the roles that were held at it do not', async t => {
  const { ask, vault, wish, principal, request, group } = await withGroup(t)
  await ask('PUT', vault('safe'), wish({ enableRbacAuthorization: true }))
  const keeper = await principal({
    roles: [{ role: 'Key Vault Secrets Officer', scope: vault('safe') }],
    audience: 'https://vault.azure.net',
  })
  const secret = 'https://safe.vault.azure.net/secrets/s?api-version=7.4'
  await request('PUT', secret, { token: keeper.token, body: { value: 'v' } })
  await ask('DELETE', group, undefined, { version: '2022-09-01' })
  for (let status = 200; status !== 404; status = (await ask('GET', vault('safe'))).status) await pause(10)
  await ask('PUT', group, { location: 'westus' }, { version: '2022-09-01' })
  await ask('PUT', vault('safe'), wish({ createMode: 'recover' }))
  assert.equal((await request('GET', secret, { token: keeper.token })).status, 403)
  const reader = await principal({
    roles: [{ role: 'Key Vault Secrets User', scope: vault('safe') }],
    audience: 'https://vault.azure.net',
  })
  const found = (await (await request('GET', secret, { token: reader.token })).json()) as { value: string }
  assert.equal(found.value, 'v')
})

test('access policies are added to, replaced and removed one by one', async t => {
  const { ask, vault, wish, tenantId, principal } = await withGroup(t)
  await ask('PUT', vault('safe'), wish())
  const reader = await principal()
  const policy = (permissions: object, objectId = reader.objectId) => ({ tenantId, objectId, permissions })
  const change = async (kind: string, ...accessPolicies: object[]) =>
    (await ask('PUT', `${vault('safe')}/accessPolicies/${kind}`, { properties: { accessPolicies } })).body
  const answer = (...accessPolicies: object[]) => ({
    id: `${vault('safe')}/accessPolicies/`,
    type: 'Microsoft.KeyVault/vaults/accessPolicies',
    properties: { accessPolicies },
  })
  const none = { keys: [], certificates: [], storage: [] }
  assert.deepEqual(await change('add', policy({ secrets: ['get'] })), answer(policy({ secrets: ['get'] })))
  assert.deepEqual(
    await change('add', policy({ secrets: ['GET', 'list'] })),
    answer(policy({ ...none, secrets: ['get', 'list'] })),
  )
  assert.deepEqual(await change('remove', policy({ secrets: ['get'] })), answer(policy({ ...none, secrets: ['list'] })))
  assert.deepEqual(await change('replace', policy({ keys: ['all'] })), answer(policy({ keys: ['all'] })))
  assert.deepEqual(await change('remove', policy({ keys: ['all'] })), answer())
  assert.deepEqual(
    await change('exchange'),
    refusal('BadRequest', 'The operation kind of access policies is add, replace or remove.'),
  )
})

test('a policy that could never let anybody in is refused, and changes nothing', async t => {
  const { ask, vault, wish, tenantId, principal, store } = await withGroup(t)
  const { objectId } = await principal()
  const other = await principal()
  const policy = (more: object = {}) => ({ tenantId, objectId, permissions: { secrets: ['get'] }, ...more })
  await ask('PUT', vault('safe'), wish({ accessPolicies: [policy({ permissions: { keys: ['WrapKey', 'all'] } })] }))
  const before = (await ask('GET', vault('safe'))).body
  const invalid = "An invalid value was provided for 'accessPolicies'."
  const at = (member: string, value: string) => `Invalid value found at accessPolicies[1].${member}: ${value}`
  const cases: [wrong: object, message: string][] = [
    [policy({ objectId: other.objectId, permissions: { secrets: ['gett'] } }), invalid],
    [policy({ objectId: other.objectId, permissions: { secrets: [' get'] } }), invalid],
    [policy({ objectId: other.objectId, permissions: { secrets: ['sign'] } }), invalid],
    [policy({ objectId: 'nonsense' }), at('ObjectId', 'nonsense')],
    [policy({ objectId: someone }), at('ObjectId', someone)],
    [policy({ objectId: other.objectId, tenantId: someone }), at('TenantId', someone)],
  ]
  for (const [wrong, message] of cases) {
    const refused = { status: 400, body: refusal('BadRequest', message) }
    assert.deepEqual(await ask('PUT', vault('safe'), wish({ accessPolicies: [policy(), wrong] })), refused)
    assert.deepEqual(await ask('PUT', vault('safe2'), wish({ accessPolicies: [policy(), wrong] })), refused)
    const change = { properties: { accessPolicies: [wrong] } }
    assert.deepEqual(await ask('PUT', `${vault('safe')}/accessPolicies/add`, change), refused)
    const patch = { properties: { accessPolicies: [policy(), wrong] } }
    assert.deepEqual(await ask('PATCH', vault('safe'), patch), refused)
  }
  const twice = wish({ accessPolicies: [policy(), policy({ objectId: objectId.toUpperCase() })] })
  assert.deepEqual(await ask('PUT', vault('safe'), twice), { status: 400, body: refusal('BadRequest', invalid) })
  assert.deepEqual((await ask('GET', vault('safe'))).body, before)
  assert.equal((await ask('GET', vault('safe2'))).status, 404)

  await store.write(tx => tx.principals.remove(arrange, objectId))
  assert.equal((await ask('PATCH', vault('safe'), { properties: { enabledForDeployment: true } })).status, 200)
  const gone = { properties: { accessPolicies: [policy({ permissions: { keys: ['wrapkey', 'all'] } })] } }
  const removed = await ask('PUT', `${vault('safe')}/accessPolicies/remove`, gone)
  assert.deepEqual((removed.body as { properties: object }).properties, { accessPolicies: [] })
  assert.equal((await ask('PUT', `${vault('safe')}/accessPolicies/add`, gone)).status, 400)
})

test('who may write vaults may not change what decides about access without the right to assign roles', async t => {
  const { ask, vault, wish, principal, group } = await withGroup(t)
  const contributor = await principal({ roles: [{ role: 'Contributor', scope: group }] })
  await ask('PUT', vault('safe'), wish())
  const wanted = { properties: { enableRbacAuthorization: true } }
  const refused = await ask('PATCH', vault('safe'), wanted, { token: contributor.token })
  assert.equal(refused.status, 403)
  assert.equal((refused.body as { error: { code: string } }).error.code, 'LinkedAuthorizationFailed')
  assert.equal((await ask('PATCH', vault('safe'), wanted)).status, 200)
})

test('a secret is a resource, too, that shows all but its value', async t => {
  const { ask, vault, wish, tenantId, request, principal } = await withGroup(t)
  const reader = await principal({ audience: 'https://vault.azure.net' })
  const policies = [{ tenantId, objectId: reader.objectId, permissions: { secrets: ['get'] } }]
  await ask('PUT', vault('safe'), wish({ accessPolicies: policies }))
  const path = `${vault('safe')}/secrets/s`
  const made = await ask('PUT', path, { tags: { a: 'b' }, properties: { value: 'v', contentType: 'text' } })
  const { attributes, secretUriWithVersion } = (
    made.body as { properties: { attributes: object; secretUriWithVersion: string } }
  ).properties
  const shown = {
    id: path,
    name: 's',
    type: 'Microsoft.KeyVault/vaults/secrets',
    location: 'westus',
    tags: { a: 'b' },
    properties: {
      contentType: 'text',
      attributes,
      secretUri: 'https://safe.vault.azure.net/secrets/s',
      secretUriWithVersion,
    },
  }
  assert.deepEqual(made, { status: 201, body: shown })
  assert.deepEqual(await ask('GET', path), { status: 200, body: shown })
  assert.deepEqual(await ask('GET', `${vault('safe')}/secrets`), { status: 200, body: { value: [shown] } })
  const value = await request('GET', `${secretUriWithVersion}?api-version=7.4`, { token: reader.token })
  assert.equal(((await value.json()) as { value: string }).value, 'v')
  assert.equal((await ask('GET', `${vault('safe')}/secrets/other`)).status, 404)
})

test('a secret is changed as a resource, with a new version when it has a new value', async t => {
  const { ask, vault, wish, tenantId, request, principal } = await withGroup(t)
  const reader = await principal({ audience: 'https://vault.azure.net' })
  const permissions = { secrets: ['get', 'list'], certificates: ['create'] }
  await ask('PUT', vault('safe'), wish({ accessPolicies: [{ tenantId, objectId: reader.objectId, permissions }] }))
  const path = `${vault('safe')}/secrets/s`
  const read = async (url: string) =>
    (await (await request('GET', `${url}?api-version=7.4`, { token: reader.token })).json()) as {
      value: string
      id: string
    }
  type Answer = { tags?: object; properties: { contentType: string; attributes: object; secretUriWithVersion: string } }
  const made = (await ask('PUT', path, { tags: { a: 'b' }, properties: { value: 'v', contentType: 'text' } }))
    .body as Answer
  const changed = await ask('PATCH', path, { tags: { a: 'c' }, properties: { attributes: { exp: 4_000_000_000 } } })
  const { properties, tags } = changed.body as Answer
  assert.deepEqual([changed.status, tags, properties.contentType], [200, { a: 'c' }, 'text'])
  assert.partialDeepStrictEqual(properties.attributes, { enabled: true, exp: 4_000_000_000 })
  assert.equal(properties.secretUriWithVersion, made.properties.secretUriWithVersion)
  assert.equal((await read(properties.secretUriWithVersion)).value, 'v')

  const renewed = (await ask('PATCH', path, { properties: { value: 'w' } })).body as Answer
  assert.notEqual(renewed.properties.secretUriWithVersion, made.properties.secretUriWithVersion)
  assert.deepEqual([renewed.tags, renewed.properties.contentType], [{ a: 'c' }, 'text'])
  const now = await read('https://safe.vault.azure.net/secrets/s')
  assert.deepEqual([now.id, now.value], [renewed.properties.secretUriWithVersion, 'w'])
  assert.equal((await read(made.properties.secretUriWithVersion)).value, 'v')

  assert.equal((await ask('PATCH', `${vault('safe')}/secrets/other`, { properties: { value: 'w' } })).status, 404)
  const policy = { x509_props: { subject: 'CN=a' }, key_props: { kty: 'EC', crv: 'P-256' }, issuer: { name: 'Self' } }
  const create = 'https://safe.vault.azure.net/certificates/c/create?api-version=7.4'
  assert.equal((await request('POST', create, { token: reader.token, body: { policy } })).status, 202)
  assert.equal((await ask('PATCH', `${vault('safe')}/secrets/c`, { tags: { a: 'b' } })).status, 403)
})

test('a template makes a vault, puts a secret into it and lets somebody read it', async t => {
  const { ask, group, tenantId, sku, principal, request } = await withGroup(t)
  const reader = await principal({ audience: 'https://vault.azure.net' })
  const policy = { tenantId, objectId: reader.objectId, permissions: { secrets: ['get'] } }
  const vaultType = 'Microsoft.KeyVault/vaults'
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: { password: { type: 'securestring' } },
    resources: [
      {
        type: vaultType,
        apiVersion: version,
        name: 'safe',
        location: 'westus',
        properties: { tenantId, sku, accessPolicies: [] },
        resources: [
          {
            type: 'secrets',
            apiVersion: version,
            name: 'password',
            dependsOn: ['safe'],
            properties: { value: "[parameters('password')]" },
          },
        ],
      },
      {
        type: `${vaultType}/accessPolicies`,
        apiVersion: version,
        name: 'safe/add',
        dependsOn: [`[resourceId('${vaultType}', 'safe')]`],
        properties: { accessPolicies: [policy] },
      },
    ],
  }
  const deployment = `${group}/providers/Microsoft.Resources/deployments/d`
  const properties = { mode: 'Incremental', template, parameters: { password: { value: 'open sesame' } } }
  const asDeployment = { version: '2021-04-01' }
  await ask('PUT', deployment, { properties }, asDeployment)
  let state: { provisioningState: string; error?: unknown } = { provisioningState: '' }
  while (!['Succeeded', 'Failed'].includes(state.provisioningState)) {
    await pause(10)
    const { body } = await ask('GET', deployment, undefined, asDeployment)
    state = (body as { properties: typeof state }).properties
  }
  assert.equal(state.provisioningState, 'Succeeded', JSON.stringify(state))
  assert.doesNotMatch(JSON.stringify(state), /open sesame/)
  const secret = 'https://safe.vault.azure.net/secrets/password?api-version=7.4'
  const found = await request('GET', secret, { token: reader.token })
  assert.equal(((await found.json()) as { value: string }).value, 'open sesame')
})

test('of managed HSMs there are none, and of private endpoints neither', async t => {
  const { ask, group, provider, vault, wish } = await withGroup(t)
  for (const path of [`${provider}/managedHSMs`, `${group}/providers/Microsoft.KeyVault/managedHSMs`])
    assert.deepEqual(await ask('GET', path), { status: 200, body: { value: [] } })
  assert.deepEqual(await ask('GET', `${provider}/deletedManagedHSMs`), { status: 200, body: { value: [] } })
  const hsm = `${group}/providers/Microsoft.KeyVault/managedHSMs/hsm`
  const deletedHsm = `${provider}/locations/westus/deletedManagedHSMs/hsm`
  await ask('PUT', vault('safe'), wish())
  const connection = `${vault('safe')}/privateEndpointConnections/x`
  const body = { location: 'westus', properties: {} }
  for (const [method, path] of [
    ['GET', hsm],
    ['GET', deletedHsm],
    ['POST', `${deletedHsm}/purge`],
    ['GET', connection],
    ['PUT', connection],
  ] as const)
    assert.partialDeepStrictEqual(await ask(method, path, method === 'PUT' ? body : undefined), {
      status: 404,
      body: { error: { code: 'ResourceNotFound' } },
    })
  assert.partialDeepStrictEqual(await ask('PUT', hsm, body), {
    status: 400,
    body: refusal(
      'LocationNotAvailableForResourceType',
      "The provided location 'westus' is not available for resource type 'Microsoft.KeyVault/managedHSMs'. List of available regions for the resource type is ''.",
    ),
  })
  const available = (name: string) => ask('POST', `${provider}/checkMhsmNameAvailability`, { name })
  assert.deepEqual((await available('hsm')).body, { nameAvailable: true })
  assert.partialDeepStrictEqual((await available('-')).body, { nameAvailable: false, reason: 'AccountNameInvalid' })
  assert.deepEqual((await ask('GET', `${vault('safe')}/privateLinkResources`)).body, {
    value: [
      {
        id: `${vault('safe')}/privateLinkResources/vault`,
        name: 'vault',
        type: 'Microsoft.KeyVault/vaults/privateLinkResources',
        properties: {
          groupId: 'vault',
          requiredMembers: ['default'],
          requiredZoneNames: ['privatelink.vaultcore.azure.net'],
        },
      },
    ],
  })
})
