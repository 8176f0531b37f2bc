import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { builtInRoles } from '../../access/roles.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

const arrange = systemGrant('arrange a test')
const version = 'api-version=2022-04-01'
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const { subscription } = lazuli
  const group = `${subscription}/resourceGroups/g`
  await lazuli.store.write(tx => tx.resources.put(arrange, resourceId(group), { location: 'westus', properties: {} }))
  return {
    lazuli,
    subscription,
    group,
    urlOf: (scope: string, name = '', query = version) =>
      `${scope}/providers/Microsoft.Authorization/roleDefinitions${name === '' ? '' : `/${name}`}?${query}`,
    ask: (method: string, url: string, properties?: unknown, as = token) =>
      lazuli.request(method, url, { token: as, body: properties === undefined ? undefined : { properties } }),
  }
}

const errorOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error

const wishIn = (...assignableScopes: string[]) => ({
  roleName: 'Restarter',
  description: 'Restarts machines.',
  type: 'CustomRole',
  permissions: [{ actions: ['Microsoft.Compute/virtualMachines/restart/action'], notActions: [] }],
  assignableScopes,
})

test('a built-in role is found by its name in any case, at any scope', async t => {
  const { subscription, group, urlOf, ask } = await open(t)
  const expected = (prefix: string) => ({
    value: [
      {
        id: `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${reader}`,
        type: 'Microsoft.Authorization/roleDefinitions',
        name: reader,
        properties: {
          roleName: 'Reader',
          type: 'BuiltInRole',
          description: builtInRoles.find(({ name }) => name === reader)?.description,
          assignableScopes: ['/'],
          permissions: [{ actions: ['*/read'], notActions: [], dataActions: [], notDataActions: [] }],
        },
      },
    ],
  })
  const filter = `$filter=${encodeURIComponent("roleName eq 'reader'")}`
  for (const [scope, prefix] of [
    ['', ''],
    [subscription, subscription],
    [group, subscription],
  ] as const) {
    const response = await ask('GET', urlOf(scope, '', `${version}&${filter}`))
    assert.deepEqual(await response.json(), expected(prefix), scope)
  }
  const read = await ask('GET', urlOf(group, reader.toUpperCase()))
  assert.deepEqual(await read.json(), expected(subscription).value[0])
})

test('versions before data actions do not show them', async t => {
  const { urlOf, ask } = await open(t)
  const response = await ask('GET', urlOf('', reader, 'api-version=2015-07-01'))
  const { properties } = (await response.json()) as { properties: { permissions: unknown } }
  assert.deepEqual(properties.permissions, [{ actions: ['*/read'], notActions: [] }])
})

test('lists hold all built-in roles, and can be narrowed to custom ones', async t => {
  const { subscription, urlOf, ask } = await open(t)
  const all = (await (await ask('GET', urlOf(subscription))).json()) as { value: unknown[] }
  assert.equal(all.value.length, builtInRoles.length)
  const filter = encodeURIComponent("type eq 'CustomRole'")
  const custom = await ask('GET', urlOf(subscription, '', `${version}&$filter=${filter}`))
  assert.deepEqual(await custom.json(), { value: [] })
  const refused = await ask('GET', urlOf(subscription, '', `${version}&$filter=size%20eq%201`))
  assert.deepEqual([refused.status, (await errorOf(refused)).code], [400, 'InvalidFilterInQueryString'])
})

test('a role that is not there is not found', async t => {
  const { subscription, urlOf, ask } = await open(t)
  const response = await ask('GET', urlOf(subscription, '11111111-2222-4333-8444-555555555555'))
  assert.equal(response.status, 404)
  assert.deepEqual(await errorOf(response), {
    code: 'RoleDefinitionDoesNotExist',
    message: "The specified role definition with ID '11111111222243338444555555555555' does not exist.",
  })
})

test('a custom role can be made, assigned where it says, changed, and deleted when nobody has it', async t => {
  const { lazuli, subscription, group, urlOf, ask } = await open(t)
  const name = randomUUID()
  const created = await ask('PUT', urlOf(group, name), wishIn(group.replace('resourceGroups', 'resourcegroups')))
  assert.equal(created.status, 201)
  const role = (await created.json()) as { id: string; properties: { createdOn: string; createdBy: string } }
  const { createdOn, createdBy } = role.properties
  assert.deepEqual(role, {
    id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`,
    type: 'Microsoft.Authorization/roleDefinitions',
    name,
    properties: {
      ...wishIn(group),
      permissions: [
        {
          actions: ['Microsoft.Compute/virtualMachines/restart/action'],
          notActions: [],
          dataActions: [],
          notDataActions: [],
        },
      ],
      createdOn,
      createdBy,
      updatedOn: createdOn,
      updatedBy: createdBy,
    },
  })

  const { objectId: principalId } = await lazuli.principal()
  const assign = (scope: string) =>
    ask('PUT', `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?${version}`, {
      roleDefinitionId: role.id,
      principalId,
    })
  const tooHigh = await assign(subscription)
  assert.deepEqual([tooHigh.status, (await errorOf(tooHigh)).code], [400, 'ScopeNotAssignableToRoleDefinition'])
  assert.equal((await assign(group)).status, 201)

  lazuli.clock.forwardBy(60_000)
  const changed = await ask('PUT', urlOf(group, name), { ...wishIn(group), description: 'Changed.' })
  const after = ((await changed.json()) as { properties: Record<string, string> }).properties
  assert.deepEqual([after.description, after.createdOn], ['Changed.', createdOn])
  assert.ok((after.updatedOn ?? '') > createdOn)

  const inUse = await ask('DELETE', urlOf(group, name))
  assert.equal(inUse.status, 400)
  assert.deepEqual(await errorOf(inUse), {
    code: 'RoleDefinitionHasAssignments',
    message: 'There are existing role assignments referencing role',
  })
  await ask('DELETE', `${group}/providers/Microsoft.Authorization/roleAssignments/${name}?${version}`)
  assert.equal((await ask('DELETE', urlOf(group, name))).status, 200)
  assert.equal((await ask('DELETE', urlOf(group, name))).status, 204)
})

test('a custom role is listed where it can be assigned, and above that on request', async t => {
  const { subscription, group, urlOf, ask } = await open(t)
  await ask('PUT', urlOf(group, randomUUID()), wishIn(group))
  const names = async (scope: string, filter: string) => {
    const response = await ask('GET', urlOf(scope, '', `${version}&$filter=${encodeURIComponent(filter)}`))
    const { value } = (await response.json()) as { value: { properties: { roleName: string } }[] }
    return value.map(({ properties }) => properties.roleName)
  }
  const custom = "type eq 'CustomRole'"
  assert.deepEqual(await names(group, custom), ['Restarter'])
  assert.deepEqual(await names(`${group}/providers/Microsoft.Compute/virtualMachines/vm`, custom), ['Restarter'])
  assert.deepEqual(await names(subscription, custom), [])
  assert.deepEqual(await names(subscription, `atScopeAndBelow() and ${custom}`), ['Restarter'])
})

test('what no custom role can be is refused', async t => {
  const { lazuli, subscription, urlOf, ask } = await open(t)
  const managementGroup = (name: string) => `/providers/Microsoft.Management/managementGroups/${name}`
  const wish = wishIn(subscription)
  const cases: [change: object, status: number, code: string, name?: string][] = [
    [{}, 400, 'InvalidRoleDefinitionId', 'not-a-guid'],
    [{}, 400, 'BuiltInRoleNotModifiable', reader],
    [{ roleName: '' }, 400, 'BadRequestFormat'],
    [{ roleName: 'READER' }, 409, 'RoleDefinitionWithSameNameExists'],
    [{ permissions: [] }, 400, 'BadRequestFormat'],
    [{ permissions: [{ actions: ['restart it'] }] }, 400, 'InvalidActionOrNotAction'],
    [{ permissions: [{ actions: [], notActions: ['x'] }] }, 400, 'InvalidActionOrNotAction'],
    [{ assignableScopes: [] }, 400, 'BadRequestFormat'],
    [{ assignableScopes: ['/'] }, 400, 'InvalidAssignableScopes'],
    [{ assignableScopes: ['somewhere'] }, 400, 'InvalidAssignableScopes'],
    [{ assignableScopes: [managementGroup('a'), managementGroup('b')] }, 400, 'InvalidAssignableScopes'],
    [
      {
        assignableScopes: [managementGroup('a')],
        permissions: [{ actions: [], dataActions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'] }],
      },
      400,
      'InvalidAssignableScopes',
    ],
  ]
  for (const [change, status, code, name = randomUUID()] of cases) {
    const response = await ask('PUT', urlOf(subscription, name), { ...wish, ...change })
    assert.deepEqual([response.status, (await errorOf(response)).code], [status, code], JSON.stringify(change))
  }
  assert.deepEqual(await lazuli.store.roles.customRoles(arrange), [])
})

test('a custom role cannot take the name of another one', async t => {
  const { subscription, urlOf, ask } = await open(t)
  await ask('PUT', urlOf(subscription, randomUUID()), wishIn(subscription))
  const second = randomUUID()
  const twin = await ask('PUT', urlOf(subscription, second), { ...wishIn(subscription), roleName: 'restarter' })
  assert.equal(twin.status, 409)
  assert.deepEqual(await errorOf(twin), {
    code: 'RoleDefinitionWithSameNameExists',
    message: 'A custom role with the same name already exists in this directory. Use a different name',
  })
  await ask('PUT', urlOf(subscription, second), { ...wishIn(subscription), roleName: 'Other' })
  const renamed = await ask('PUT', urlOf(subscription, second), wishIn(subscription))
  assert.deepEqual(await errorOf(renamed), {
    code: 'RoleDefinitionWithSameNameExists',
    message: 'A role definition cannot be updated with a name that already exists.',
  })
})

test('who may make roles in one group makes none for another, and takes none away from it', async t => {
  const { lazuli, subscription, group, urlOf, ask } = await open(t)
  const other = `${subscription}/resourceGroups/other`
  const local = await lazuli.principal({ roles: [{ role: 'Owner', scope: group }] })
  assert.equal((await ask('PUT', urlOf(group, randomUUID()), wishIn(group), local.token)).status, 201)
  const wider = await ask('PUT', urlOf(group, randomUUID()), { ...wishIn(group, other), roleName: 'Wide' }, local.token)
  assert.deepEqual([wider.status, (await errorOf(wider)).code], [403, 'LinkedAuthorizationFailed'])

  const shared = randomUUID()
  await ask('PUT', urlOf(subscription, shared), { ...wishIn(group, other), roleName: 'Shared' })
  const narrowed = await ask('PUT', urlOf(group, shared), { ...wishIn(group), roleName: 'Shared' }, local.token)
  assert.equal(narrowed.status, 403)
  assert.equal((await ask('DELETE', urlOf(group, shared), undefined, local.token)).status, 403)
})

const rights: Record<string, Record<string, number>> = {
  Owner: { PUT: 201, GET: 200, DELETE: 200 },
  'User Access Administrator': { PUT: 201, GET: 200, DELETE: 200 },
  Contributor: { PUT: 403, GET: 200, DELETE: 403 },
  Reader: { PUT: 403, GET: 200, DELETE: 403 },
}

for (const [role, expected] of Object.entries(rights)) {
  test(`what ${role} of a subscription may do with role definitions`, async t => {
    const { lazuli, subscription, urlOf, ask } = await open(t)
    const someone = await lazuli.principal({ roles: [{ role, scope: subscription }] })
    const name = randomUUID()
    if (expected.PUT === 403) await ask('PUT', urlOf(subscription, name), wishIn(subscription))
    for (const [method, status] of Object.entries(expected)) {
      const body = method === 'PUT' ? wishIn(subscription) : undefined
      assert.equal((await ask(method, urlOf(subscription, name), body, someone.token)).status, status, method)
    }
  })
}

test('a caller is told what it may do at a scope, and that nobody is denied anything', async t => {
  const { lazuli, subscription, group, ask } = await open(t)
  const someone = await lazuli.principal({
    roles: [
      { role: 'Reader', scope: group },
      { role: 'Storage Account Key Operator Service Role', scope: subscription },
    ],
  })
  const permissions = async (scope: string) => {
    const url = `${scope}/providers/Microsoft.Authorization/permissions?${version}`
    return ((await (await ask('GET', url, undefined, someone.token)).json()) as { value: { actions: string[] }[] })
      .value
  }
  const actions = (await permissions(group)).map(({ actions }) => actions.join()).sort()
  assert.deepEqual(actions, [
    '*/read',
    'Microsoft.Storage/storageAccounts/listkeys/action,Microsoft.Storage/storageAccounts/regeneratekey/action',
  ])
  assert.equal((await permissions(subscription)).length, 1)
  assert.deepEqual(await permissions(''), [])

  const denials = await ask('GET', `${group}/providers/Microsoft.Authorization/denyAssignments?${version}`)
  assert.deepEqual(await denials.json(), { value: [] })
})
