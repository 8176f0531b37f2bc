import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

const arrange = systemGrant('arrange a test')
const version = 'api-version=2023-01-31'
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Identity = { id: string; properties: { principalId: string; clientId: string; tenantId: string } }

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/DevTest`
  await lazuli.store.write(tx => tx.resources.put(arrange, resourceId(group), { location: 'westus', properties: {} }))
  return {
    lazuli,
    group,
    identities: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`,
    ask: (method: string, url: string, body?: unknown, as = token) => lazuli.request(method, url, { token: as, body }),
  }
}

test('an identity is made with its principal, and its ids are spelled as Azure spells them', async t => {
  const { lazuli, identities, ask } = await open(t)
  const created = await ask('PUT', `${identities}/my-id?${version}`, { location: 'West US' })
  assert.equal(created.status, 201)
  const identity = (await created.json()) as Identity
  const { principalId, clientId } = identity.properties
  assert.match(principalId, guid)
  assert.match(clientId, guid)
  assert.notEqual(principalId, clientId)
  const id = `${lazuli.subscription}/resourcegroups/DevTest/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-id`
  assert.deepEqual(identity, {
    id,
    name: 'my-id',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    location: 'westus',
    tags: {},
    properties: { tenantId: lazuli.directory.tenantId, principalId, clientId },
  })
  assert.partialDeepStrictEqual(await lazuli.store.principals.get(arrange, { objectId: principalId }), {
    kind: 'managedIdentity',
    displayName: 'my-id',
    clientId,
    resourceId: id,
  })

  const again = await ask('PUT', `${identities}/MY-ID?${version}`, {
    location: 'westus',
    tags: { a: '1' },
    properties: { principalId: 'mine', clientId: 'mine' },
  })
  assert.equal(again.status, 200)
  assert.deepEqual(await again.json(), { ...identity, tags: { a: '1' } })
  const patched = await ask('PATCH', `${identities}/my-id?${version}`, { tags: { b: '2' } })
  assert.deepEqual(await patched.json(), { ...identity, tags: { b: '2' } })
  assert.deepEqual(await (await ask('GET', `${identities}?${version}`)).json(), {
    value: [{ ...identity, tags: { b: '2' } }],
  })
})

test('the versions of the tutorials say where the secret would be', async t => {
  const { lazuli, identities, ask } = await open(t)
  const created = await ask('PUT', `${identities}/my-id?api-version=2015-08-31-preview`, { location: 'westcentralus' })
  const { id, properties } = (await created.json()) as Identity
  const { tenantId } = lazuli.directory
  assert.deepEqual(properties, {
    ...properties,
    clientSecretUrl: `https://control-westcentralus.identity.azure.net${id}/credentials?tid=${tenantId}&oid=${properties.principalId}&aid=${properties.clientId}`,
  })
})

for (const name of ['ab', '-ab', '_ab', 'a.b', 'a b', 'a'.repeat(129)]) {
  test(`an identity cannot be called ${name.slice(0, 10)}`, async t => {
    const { identities, ask } = await open(t)
    const response = await ask('PUT', `${identities}/${encodeURIComponent(name)}?${version}`, { location: 'westus' })
    assert.equal(response.status, 400)
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'InvalidResourceName')
  })
}

test('an identity needs a location and a group', async t => {
  const { lazuli, identities, ask } = await open(t)
  assert.equal((await ask('PUT', `${identities}/my-id?${version}`, {})).status, 400)
  const elsewhere = `${lazuli.subscription}/resourceGroups/none/providers/Microsoft.ManagedIdentity/userAssignedIdentities`
  for (const [method, url] of [
    ['PUT', `${elsewhere}/my-id`],
    ['GET', `${elsewhere}/my-id`],
    ['GET', elsewhere],
    ['DELETE', `${elsewhere}/my-id`],
  ] as const) {
    const response = await ask(method, `${url}?${version}`, method === 'PUT' ? { location: 'westus' } : undefined)
    assert.equal(response.status, 404, method)
    assert.deepEqual(await response.json(), {
      error: { code: 'ResourceGroupNotFound', message: "Resource group 'none' could not be found." },
    })
  }
})

test("a recreated identity is another one, and the deleted one's tokens are refused", async t => {
  const { lazuli, group, identities, ask } = await open(t)
  const make = async () =>
    ((await (await ask('PUT', `${identities}/my-id?${version}`, { location: 'westus' })).json()) as Identity).properties
  const first = await make()
  const reader = `${group}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555555`
  await ask('PUT', `${reader}?api-version=2022-04-01`, {
    properties: {
      roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
      principalId: first.principalId,
    },
  })
  const { token } = await lazuli.parts.tokens.issueAccess({
    audience: 'https://management.azure.com/',
    lifetimeSec: 86_400,
    claims: { oid: first.principalId, appid: first.clientId },
  })
  assert.equal((await ask('GET', `${group}?api-version=2016-09-01`, undefined, token)).status, 200)

  assert.equal((await ask('DELETE', `${identities}/my-id?${version}`)).status, 200)
  assert.equal((await ask('DELETE', `${identities}/my-id?${version}`)).status, 204)
  assert.equal((await ask('GET', `${group}?api-version=2016-09-01`, undefined, token)).status, 401)
  const second = await make()
  assert.notEqual(second.principalId, first.principalId)
  assert.notEqual(second.clientId, first.clientId)
})

test('the machines that have an identity are listed to who may see them', async t => {
  const { lazuli, group, identities, ask } = await open(t)
  await ask('PUT', `${identities}/my-id?${version}`, { location: 'westus' })
  const machine = (name: string) => `${group}/providers/Microsoft.Compute/virtualMachines/${name}`
  const given = { type: 'UserAssigned', userAssignedIdentities: { [`${identities.toUpperCase()}/MY-ID`]: {} } }
  await lazuli.store.write(async tx => {
    for (const name of ['vm1', 'vm2', 'vm3']) {
      const identity = name === 'vm3' ? {} : { identity: given }
      await tx.resources.put(arrange, resourceId(machine(name)), { location: 'westus', ...identity, properties: {} })
    }
  })
  const { subscriptionId } = lazuli.directory
  const row = (name: string) => ({
    id: machine(name),
    name,
    type: 'microsoft.compute/virtualmachines',
    resourceGroup: 'DevTest',
    subscriptionId,
    subscriptionDisplayName: 'Lazuli',
  })
  const url = `${identities}/my-id/listAssociatedResources?api-version=2022-01-31-preview`
  assert.deepEqual(await (await ask('POST', url)).json(), { totalCount: 2, value: [row('vm1'), row('vm2')] })

  const page = (await (await ask('POST', `${url}&$top=1`)).json()) as { value: unknown[]; nextLink: string }
  assert.deepEqual(page.value, [row('vm1')])
  assert.deepEqual(await (await ask('POST', page.nextLink)).json(), { totalCount: 2, value: [row('vm2')] })

  const someone = await lazuli.principal({
    roles: [
      { role: 'Contributor', scope: `${identities}/my-id` },
      { role: 'Reader', scope: machine('vm2') },
    ],
  })
  assert.deepEqual(await (await ask('POST', url, undefined, someone.token)).json(), {
    totalCount: 1,
    value: [row('vm2')],
  })
})

test('the system-assigned identity of a resource is shown below it', async t => {
  const { lazuli, group, identities, ask } = await open(t)
  const machine = `${group}/providers/Microsoft.Compute/virtualMachines/vm1`
  await lazuli.store.write(tx =>
    tx.resources.put(arrange, resourceId(machine), { location: 'westus', tags: { a: '1' }, properties: {} }),
  )
  const { objectId, clientId } = await lazuli.principal({ kind: 'managedIdentity', resourceId: machine })
  const { tenantId } = lazuli.directory
  const id = `${machine}/providers/Microsoft.ManagedIdentity/identities/default`
  const response = await ask('GET', `${id}?api-version=2018-11-30`)
  assert.deepEqual(await response.json(), {
    id,
    name: 'default',
    type: 'Microsoft.ManagedIdentity/identities',
    location: 'westus',
    tags: { a: '1' },
    properties: {
      tenantId,
      principalId: objectId,
      clientId,
      clientSecretUrl: `https://control-westus.identity.azure.net${id}/credentials?tid=${tenantId}&oid=${objectId}&aid=${clientId}`,
    },
  })
  await ask('PUT', `${identities}/my-id?${version}`, { location: 'westus' })
  for (const scope of [group, `${identities}/my-id`, `${machine}x`, `${group}/nonsense`]) {
    const none = await ask(
      'GET',
      `${scope}/providers/Microsoft.ManagedIdentity/identities/default?api-version=2018-11-30`,
    )
    assert.equal(none.status, 404, scope)
  }
})

const rights: Record<string, Record<string, number>> = {
  Owner: { PUT: 200, GET: 200, PATCH: 200, DELETE: 200 },
  'Managed Identity Contributor': { PUT: 200, GET: 200, PATCH: 200, DELETE: 200 },
  'Managed Identity Operator': { PUT: 403, GET: 200, PATCH: 403, DELETE: 403 },
  Reader: { PUT: 403, GET: 200, PATCH: 403, DELETE: 403 },
  'Key Vault Administrator': { PUT: 403, GET: 403, PATCH: 403, DELETE: 403 },
}

for (const [role, expected] of Object.entries(rights)) {
  test(`what ${role} may do with an identity in its group, and in another group nothing`, async t => {
    const { lazuli, group, identities, ask } = await open(t)
    const { token } = await lazuli.principal({ roles: [{ role, scope: group }] })
    await ask('PUT', `${identities}/my-id?${version}`, { location: 'westus' })
    for (const [method, status] of Object.entries(expected)) {
      const body = method === 'PUT' ? { location: 'westus' } : method === 'PATCH' ? {} : undefined
      const there = await ask(method, `${identities}/my-id?${version}`, body, token)
      assert.equal(there.status, status, method)
      const elsewhere = identities.replace('DevTest', 'DevTest2')
      assert.equal((await ask(method, `${elsewhere}/my-id?${version}`, body, token)).status, 403, method)
    }
  })
}
