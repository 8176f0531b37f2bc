import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

const arrange = systemGrant('arrange a test')
const version = 'api-version=2022-04-01'
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const { subscription } = lazuli
  const group = `${subscription}/resourceGroups/DevTest`
  const machine = `${group}/providers/Microsoft.Compute/virtualMachines/vm1`
  await lazuli.store.write(async tx => {
    await tx.resources.put(arrange, resourceId(group), { location: 'westus', properties: {} })
    await tx.resources.put(arrange, resourceId(machine), { location: 'westus', properties: {} })
  })
  const admin = await lazuli.store.principals.get(arrange, { clientId: lazuli.administrator.clientId })
  return {
    lazuli,
    subscription,
    group,
    machine,
    adminId: admin?.objectId,
    roleId: (name: string) => `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`,
    urlOf: (scope: string, name: string, query = version) =>
      `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?${query}`,
    ask: (method: string, url: string, properties?: unknown, as = token) =>
      lazuli.request(method, url, { token: as, body: properties === undefined ? undefined : { properties } }),
  }
}

const errorOf = async (response: Response) => ((await response.json()) as { error: unknown }).error

test('the assignment of the tutorial comes out as printed, in spite of the blank behind its scope', async t => {
  const { lazuli, subscription, group, roleId, ask, adminId } = await open(t)
  const identity = await lazuli.principal({ kind: 'managedIdentity' })
  const name = randomUUID()
  const url = `${subscription}/resourcegroups/DevTest%20/providers/Microsoft.Authorization/roleAssignments/${name}`
  const wish = { roleDefinitionId: roleId(reader), principalId: identity.objectId, principalType: 'ServicePrincipal' }
  const response = await ask('PUT', `${url}?${version}`, wish)
  assert.equal(response.status, 201)
  const at = new Date(lazuli.clock.now()).toISOString()
  const body = (await response.json()) as { properties: { createdOn: string } }
  const { createdOn } = body.properties
  assert.equal(createdOn.slice(0, 13), at.slice(0, 13))
  assert.deepEqual(body, {
    id: `${group}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    type: 'Microsoft.Authorization/roleAssignments',
    name,
    properties: {
      ...wish,
      scope: group,
      condition: null,
      conditionVersion: null,
      delegatedManagedIdentityResourceId: null,
      description: null,
      createdOn,
      updatedOn: createdOn,
      createdBy: adminId,
      updatedBy: adminId,
    },
  })
  const token = await identity.tokenFor('https://management.azure.com/')
  assert.equal((await ask('GET', `${group}?api-version=2016-09-01`, undefined, token)).status, 200, 'and is effective')
})

test('older versions know less of an assignment, and no other status than 201', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  const url = urlOf(group, randomUUID(), 'api-version=2015-07-01')
  const wish = { roleDefinitionId: roleId(reader), principalId }
  for (const _ of ['first', 'again']) {
    const response = await ask('PUT', url, wish)
    assert.equal(response.status, 201)
    const { properties } = (await response.json()) as { properties: Record<string, unknown> }
    assert.deepEqual(Object.keys(properties).sort(), [
      'createdBy',
      'createdOn',
      'principalId',
      'roleDefinitionId',
      'scope',
      'updatedBy',
      'updatedOn',
    ])
  }
})

test('the same assignment under its own name is an update, under another one it exists already', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  const wish = { roleDefinitionId: roleId(reader), principalId }
  const url = urlOf(group, randomUUID())
  assert.equal((await ask('PUT', url, wish)).status, 201)
  const updated = await ask('PUT', url, { ...wish, description: 'why' })
  assert.equal(updated.status, 200)
  assert.equal(((await updated.json()) as { properties: { description: string } }).properties.description, 'why')
  const twin = await ask('PUT', urlOf(group, randomUUID()), wish)
  assert.equal(twin.status, 409)
  assert.deepEqual(await errorOf(twin), {
    code: 'RoleAssignmentExists',
    message: 'The role assignment already exists.',
  })
})

test('who has the role, which role and where cannot be changed under one name', async t => {
  const { lazuli, subscription, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  const other = await lazuli.principal()
  const name = randomUUID()
  const wish = { roleDefinitionId: roleId(reader), principalId }
  await ask('PUT', urlOf(group, name), wish)
  for (const [scope, change] of [
    [group, { principalId: other.objectId }],
    [group, { roleDefinitionId: roleId(owner) }],
    [subscription, {}],
  ] as const) {
    const response = await ask('PUT', urlOf(scope, name), { ...wish, ...change })
    assert.equal(response.status, 400)
    assert.deepEqual(await errorOf(response), {
      code: 'RoleAssignmentUpdateNotPermitted',
      message: 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    })
  }
})

test('a principal that the directory has not heard of is refused, unless its type is given', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const principalId = '11111111-2222-4333-8444-555555555555'
  const wish = { roleDefinitionId: roleId(reader), principalId }
  const refused = await ask('PUT', urlOf(group, randomUUID()), wish)
  assert.equal(refused.status, 400)
  assert.deepEqual(await errorOf(refused), {
    code: 'PrincipalNotFound',
    message: `Principal 11111111222243338444555555555555 does not exist in the directory ${lazuli.directory.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  })
  const vouched = await ask('PUT', urlOf(group, randomUUID()), { ...wish, principalType: 'Group' })
  assert.equal(vouched.status, 201)
})

test('what is wrong with a wish is said, and nothing is assigned', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  const wish = { roleDefinitionId: roleId(reader), principalId }
  const none = '99999999-2222-4333-8444-555555555555'
  const cases: [change: object, status: number, code: string, name?: string][] = [
    [{}, 400, 'InvalidRoleAssignmentId', 'not-a-guid'],
    [{ principalId: 'me' }, 400, 'InvalidPrincipalId'],
    [{ principalId: undefined }, 400, 'BadRequestFormat'],
    [{ roleDefinitionId: 'Reader' }, 400, 'BadRequestFormat'],
    [{ roleDefinitionId: roleId(none) }, 400, 'RoleDefinitionDoesNotExist'],
    [{ principalType: 'User' }, 400, 'UnmatchedPrincipalType'],
    [{ principalType: 'Robot' }, 400, 'BadRequestFormat'],
    [{ condition: 'perhaps', conditionVersion: '2.0' }, 400, 'InvalidCondition'],
    [{ condition: "(ActionMatches{'*'})", conditionVersion: '1.0' }, 400, 'InvalidConditionVersion'],
    [{ condition: "(ActionMatches{'*'})" }, 400, 'InvalidConditionVersion'],
  ]
  for (const [change, status, code, name = randomUUID()] of cases) {
    const response = await ask('PUT', urlOf(group, name), { ...wish, ...change })
    assert.deepEqual(
      [response.status, ((await errorOf(response)) as { code: string }).code],
      [status, code],
      JSON.stringify(change),
    )
  }
  assert.deepEqual(await lazuli.store.roles.assignmentsOf(arrange, principalId), [])
})

test('a role cannot be assigned where there is nothing', async t => {
  const { lazuli, subscription, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  for (const [scope, code] of [
    [`/subscriptions/${randomUUID()}`, 'SubscriptionNotFound'],
    [`${subscription}/resourceGroups/none`, 'ResourceGroupNotFound'],
    [`${group}/providers/Microsoft.Compute/virtualMachines/none`, 'ResourceNotFound'],
    [`${group}/virtualMachines`, 'MissingSubscription'],
  ] as const) {
    const response = await ask('PUT', urlOf(scope, randomUUID()), { roleDefinitionId: roleId(reader), principalId })
    assert.deepEqual([response.status, ((await errorOf(response)) as { code: string }).code], [404, code], scope)
  }
})

test('an assignment is there at its own scope only, is deleted with its last words, and then is gone', async t => {
  const { lazuli, subscription, group, roleId, ask, urlOf } = await open(t)
  const { objectId: principalId } = await lazuli.principal()
  const name = randomUUID()
  const created = await (await ask('PUT', urlOf(group, name), { roleDefinitionId: roleId(reader), principalId })).json()
  assert.deepEqual(await (await ask('GET', urlOf(group.toLowerCase(), name.toUpperCase()))).json(), created)
  const elsewhere = await ask('GET', urlOf(subscription, name))
  assert.equal(elsewhere.status, 404)
  assert.deepEqual(await errorOf(elsewhere), {
    code: 'RoleAssignmentNotFound',
    message: `The role assignment '${name}' is not found.`,
  })
  assert.equal((await ask('DELETE', urlOf(subscription, name))).status, 204, 'not deleted from elsewhere')

  const deleted = await ask('DELETE', urlOf(group, name))
  assert.equal(deleted.status, 200)
  assert.deepEqual(await deleted.json(), created)
  assert.equal((await ask('DELETE', urlOf(group, name))).status, 204)
})

test('a list shows what is inherited and what lies below, or not below, or of one principal', async t => {
  const { lazuli, subscription, group, machine, ask } = await open(t)
  const one = await lazuli.principal({
    roles: [
      { role: 'Reader', scope: subscription },
      { role: 'Contributor', scope: machine },
    ],
  })
  const two = await lazuli.principal({ roles: [{ role: 'Reader', scope: group }] })
  const listed = async (scope: string, filter = '') => {
    const query = filter === '' ? version : `${version}&$filter=${encodeURIComponent(filter)}`
    const response = await ask('GET', `${scope}/providers/Microsoft.Authorization/roleAssignments?${query}`)
    assert.equal(response.status, 200)
    const { value } = (await response.json()) as { value: { properties: { scope: string; principalId: string } }[] }
    return value
      .filter(({ properties }) => [one.objectId, two.objectId].includes(properties.principalId))
      .map(({ properties }) => properties.scope)
      .sort()
  }
  assert.deepEqual(await listed(group), [subscription, group, machine])
  assert.deepEqual(await listed(group, 'atScope()'), [subscription, group])
  assert.deepEqual(await listed(group, `principalId eq '${one.objectId}'`), [subscription, machine])
  assert.deepEqual(await listed(group, `assignedTo('${two.objectId}')`), [group])
  assert.deepEqual(await listed(group, `atScope() and assignedTo('${one.objectId}')`), [subscription])
  assert.deepEqual(await listed(''), [subscription, group, machine])
  assert.deepEqual(await listed(machine, 'atScope()'), [subscription, group, machine])

  const refused = await ask(
    'GET',
    `${group}/providers/Microsoft.Authorization/roleAssignments?${version}&$filter=size%20eq%201`,
  )
  assert.equal(refused.status, 400)
})

test('what is inherited from above names its role as the subscription lists it, for clients match the two', async t => {
  const { subscription, ask, roleId } = await open(t)
  const listed = async (scope: string) => {
    const response = await ask('GET', `${scope}/providers/Microsoft.Authorization/roleAssignments?${version}`)
    const { value } = (await response.json()) as {
      value: { properties: { scope: string; roleDefinitionId: string } }[]
    }
    return value.find(({ properties }) => properties.scope === '/')?.properties.roleDefinitionId
  }
  assert.equal(await listed(subscription), roleId(owner))
  assert.equal(await listed(''), `/providers/Microsoft.Authorization/roleDefinitions/${owner}`)
})

test('the last one who may assign roles at the root cannot be removed', async t => {
  const { lazuli, ask, urlOf, adminId } = await open(t)
  const atRoot = await lazuli.store.roles.assignments(arrange, { at: ['/'] })
  const [mine, others] = [
    atRoot.filter(({ principalId }) => principalId === adminId),
    atRoot.filter(({ principalId }) => principalId !== adminId),
  ]
  for (const { name } of others) assert.equal((await ask('DELETE', urlOf('', name))).status, 200)
  const [last] = mine
  const refused = await ask('DELETE', urlOf('', last?.name ?? ''))
  assert.equal(refused.status, 400)
  assert.deepEqual(await errorOf(refused), {
    code: 'CannotDeleteLastRbacAdminAssignment',
    message: 'Cannot delete the last RBAC admin assignment',
  })
})

const rights: Record<string, Record<string, number>> = {
  Owner: { PUT: 201, GET: 200, DELETE: 200 },
  'User Access Administrator': { PUT: 201, GET: 200, DELETE: 200 },
  'Role Based Access Control Administrator': { PUT: 201, GET: 200, DELETE: 200 },
  Contributor: { PUT: 403, GET: 200, DELETE: 403 },
  Reader: { PUT: 403, GET: 200, DELETE: 403 },
}

for (const [role, expected] of Object.entries(rights)) {
  test(`what ${role} of a group may do with assignments in it, and of the subscription nothing`, async t => {
    const { lazuli, subscription, group, roleId, ask, urlOf } = await open(t)
    const someone = await lazuli.principal({ roles: [{ role, scope: group }] })
    const { objectId: principalId } = await lazuli.principal({ kind: 'user' })
    const wish = { roleDefinitionId: roleId(reader), principalId }
    const name = randomUUID()
    if (expected.PUT === 403) await ask('PUT', urlOf(group, name), wish)
    for (const [method, status] of Object.entries(expected)) {
      const body = method === 'PUT' ? wish : undefined
      assert.equal((await ask(method, urlOf(group, name), body, someone.token)).status, status, method)
      assert.equal((await ask(method, urlOf(subscription, name), body, someone.token)).status, 403, method)
    }
  })
}

test('a refusal names the assignment that was to be', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const someone = await lazuli.principal()
  const name = randomUUID()
  const wish = { roleDefinitionId: roleId(owner), principalId: someone.objectId }
  const response = await ask('PUT', urlOf(group, name), wish, someone.token)
  assert.equal(response.status, 403)
  assert.deepEqual(await errorOf(response), {
    code: 'AuthorizationFailed',
    message: `The client '${someone.clientId}' with object id '${someone.objectId}' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '${group}/providers/Microsoft.Authorization/roleAssignments/${name}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  })
})

const onlyReader = ['write', 'delete']
  .map(
    verb =>
      `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR (@${verb === 'write' ? 'Request' : 'Resource'}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals{${reader}} AND @${verb === 'write' ? 'Request' : 'Resource'}[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'))`,
  )
  .join(' AND ')

test('a delegate assigns and removes what the condition of its role lets through, and nothing else', async t => {
  const { lazuli, group, roleId, ask, urlOf } = await open(t)
  const delegate = await lazuli.principal({
    roles: [{ role: 'User Access Administrator', scope: group, condition: onlyReader }],
  })
  const program = await lazuli.principal()
  const person = await lazuli.principal({ kind: 'user' })
  const put = (role: string, principalId: string, more = {}) =>
    ask('PUT', urlOf(group, randomUUID()), { roleDefinitionId: roleId(role), principalId, ...more }, delegate.token)

  const allowed = await put(reader, program.objectId)
  assert.equal(allowed.status, 201)
  const { id } = (await allowed.json()) as { id: string }
  const refusedRole = await put(owner, program.objectId)
  assert.equal(refusedRole.status, 403)
  assert.match(
    ((await errorOf(refusedRole)) as { message: string }).message,
    /does not have authorization or an ABAC condition not fulfilled to perform action/,
  )
  assert.equal((await put(reader, person.objectId)).status, 403)
  assert.equal((await put(reader, person.objectId, { principalType: 'ServicePrincipal' })).status, 403, 'lying')
  assert.equal((await put('not a role', program.objectId)).status, 403)

  assert.equal((await ask('DELETE', `${id}?${version}`, undefined, delegate.token)).status, 200)
  const byAdmin = urlOf(group, randomUUID())
  await ask('PUT', byAdmin, { roleDefinitionId: roleId(owner), principalId: program.objectId })
  assert.equal((await ask('DELETE', byAdmin, undefined, delegate.token)).status, 403)
})
