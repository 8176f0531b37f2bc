import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, test } from 'node:test'
import { AuthorizationManagementClient } from '@azure/arm-authorization'
import { ResourceManagementClient } from '@azure/arm-resources'
import { administrator, all, clientOptions, refusal, subscriptionId, unique } from './azure.ts'
import { newApplication } from './graph.ts'

const subscription = `/subscriptions/${subscriptionId}`
const roleId = (name: string) => `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`
const reader = roleId('acdd72a7-3385-48ef-bd42-f606fba81ae7')
const contributor = roleId('b24988ac-6180-42a0-ab88-20f7382dd24c')

const { roleAssignments, roleDefinitions } = new AuthorizationManagementClient(
  administrator,
  subscriptionId,
  clientOptions,
)
const { resourceGroups } = new ResourceManagementClient(administrator, subscriptionId, clientOptions)
const groupsFor = ({ credential }: Pick<Application, 'credential'>) =>
  new ResourceManagementClient(credential, subscriptionId, clientOptions).resourceGroups

type Application = Awaited<ReturnType<typeof newApplication>>
let application: Application

before(async () => {
  application = await newApplication()
})

async function newGroup(prefix = 'group') {
  const name = unique(prefix)
  await resourceGroups.createOrUpdate(name, { location: 'westeurope' })
  return { name, scope: `${subscription}/resourceGroups/${name}` }
}

const denied = (action: string) => refusal(403, 'AuthorizationFailed', new RegExp(action.replaceAll('.', '\\.')))

test('an application may read a group from the moment it is a reader there until it is not', async () => {
  const groups = groupsFor(application)
  const { name, scope } = await newGroup()
  const { name: neighbour } = await newGroup(name)
  await assert.rejects(groups.get(name), denied('Microsoft.Resources/subscriptions/resourceGroups/read'))

  const assignment = await roleAssignments.create(scope, randomUUID(), {
    roleDefinitionId: reader,
    principalId: application.objectId,
    description: 'for a test',
  })
  assert.equal((await groups.get(name)).name, name)
  assert.deepEqual(
    (await all(groups.list())).map(group => group.name),
    [name],
  )
  await assert.rejects(
    groups.update(name, { tags: {} }),
    denied('Microsoft.Resources/subscriptions/resourceGroups/write'),
  )
  await assert.rejects(groups.get(neighbour), denied('read'), 'a name that begins like the scope is another scope')

  await roleAssignments.deleteById(assignment.id ?? '')
  await assert.rejects(groups.get(name), denied('Microsoft.Resources/subscriptions/resourceGroups/read'))
})

test('what does not exist is refused to whoever has no role exactly as what does', async () => {
  const said = async (name: string) => {
    try {
      await groupsFor(application).get(name)
    } catch (error) {
      return String(Reflect.get(Object(error), 'message')).replaceAll(name, '<name>')
    }
    return undefined
  }
  assert.equal(await said(unique('missing')), await said((await newGroup()).name))
})

test('an assignment says what was assigned, to whom, where and by whom', async () => {
  const { scope } = await newGroup()
  const name = randomUUID()
  const before = Date.now()
  await roleAssignments.create(scope, name, {
    roleDefinitionId: reader,
    principalId: application.objectId,
    principalType: 'ServicePrincipal',
    description: 'for a test',
  })

  const { createdOn, updatedOn, createdBy, updatedBy, ...shown } = await roleAssignments.get(scope, name)
  assert.partialDeepStrictEqual(shown, {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    scope,
    roleDefinitionId: reader,
    principalId: application.objectId,
    principalType: 'ServicePrincipal',
    description: 'for a test',
  })
  assert.ok(createdOn && createdOn.getTime() >= before - 1000 && createdOn.getTime() <= Date.now() + 1000)
  assert.deepEqual(updatedOn, createdOn)
  assert.equal(createdBy, updatedBy)
  assert.match(createdBy ?? '', /^[0-9a-f-]{36}$/)
})

test('assignments are found at their scope, below it, and by whom they are for', async () => {
  const other = await newApplication()
  const { name, scope } = await newGroup()
  const assign = (where: string, { objectId }: Application) =>
    roleAssignments.create(where, randomUUID(), { roleDefinitionId: reader, principalId: objectId })
  const [mine, theirs] = [await assign(scope, application), await assign(scope, other)]
  const above = await assign(subscription, other)
  const named = (list: { name?: string }[]) => list.map(({ name }) => name).sort()

  const inGroup = named(await all(roleAssignments.listForResourceGroup(name, { filter: 'atScope()' })))
  for (const { name } of [mine, theirs, above]) assert.ok(inGroup.includes(name), 'what is inherited is shown, too')
  const filter = `principalId eq '${other.objectId}'`
  assert.deepEqual(named(await all(roleAssignments.listForScope(scope, { filter }))), named([theirs, above]))
  assert.deepEqual(named(await all(roleAssignments.listForSubscription({ filter }))), named([theirs, above]))
})

test('an assignment that cannot be is refused with the code that Azure gives', async () => {
  const { scope } = await newGroup()
  const name = randomUUID()
  const wish = { roleDefinitionId: reader, principalId: application.objectId }
  await roleAssignments.create(scope, name, wish)

  await assert.rejects(roleAssignments.create(scope, randomUUID(), wish), refusal(409, 'RoleAssignmentExists'))
  await assert.rejects(
    roleAssignments.create(scope, name, { ...wish, roleDefinitionId: contributor }),
    refusal(400, 'RoleAssignmentUpdateNotPermitted'),
  )
  await assert.rejects(
    roleAssignments.create(scope, randomUUID(), { ...wish, principalId: randomUUID() }),
    refusal(400, 'PrincipalNotFound'),
  )
  await assert.rejects(
    roleAssignments.create(scope, randomUUID(), { ...wish, roleDefinitionId: roleId(randomUUID()) }),
    refusal(400, 'RoleDefinitionDoesNotExist'),
  )
  await assert.rejects(
    roleAssignments.create(scope, 'no-guid', { ...wish, roleDefinitionId: contributor }),
    refusal(400, 'InvalidRoleAssignmentId'),
  )
  await assert.rejects(roleAssignments.get(scope, randomUUID()), refusal(404, 'RoleAssignmentNotFound'))
})

test('a contributor may do everything in a group but give others roles there', async () => {
  const contributing = await newApplication()
  const { name, scope } = await newGroup()
  await roleAssignments.create(scope, randomUUID(), {
    roleDefinitionId: contributor,
    principalId: contributing.objectId,
  })
  const groups = groupsFor(contributing)
  assert.deepEqual((await groups.update(name, { tags: { by: 'contributor' } })).tags, { by: 'contributor' })

  const theirs = new AuthorizationManagementClient(contributing.credential, subscriptionId, clientOptions)
  await assert.rejects(
    theirs.roleAssignments.create(scope, randomUUID(), { roleDefinitionId: reader, principalId: application.objectId }),
    denied('Microsoft.Authorization/roleAssignments/write'),
  )
  await groups.delete(name)
})

test('the built-in roles are there under the ids that they have in Azure', async () => {
  const [found, ...others] = await all(roleDefinitions.list(subscription, { filter: "roleName eq 'Reader'" }))
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(found, { id: reader, roleName: 'Reader', roleType: 'BuiltInRole' })
  assert.deepEqual(
    found?.permissions?.map(({ actions }) => actions),
    [['*/read']],
  )
})

test('a custom role grants what it says, and is deleted once nobody has it', async () => {
  const { name, scope } = await newGroup()
  const tagger = await newApplication()
  const id = randomUUID()
  const wish = {
    roleName: unique('Tagger'),
    description: 'may tag',
    assignableScopes: [scope],
    permissions: [{ actions: ['Microsoft.Resources/subscriptions/resourceGroups/*'], notActions: ['*/delete'] }],
  }
  const role = await roleDefinitions.createOrUpdate(scope, id, wish)
  assert.partialDeepStrictEqual(role, { name: id, roleName: wish.roleName, roleType: 'CustomRole' })
  await assert.rejects(
    roleDefinitions.createOrUpdate(scope, randomUUID(), wish),
    refusal(409, 'RoleDefinitionWithSameNameExists'),
  )

  const assignment = await roleAssignments.create(scope, randomUUID(), {
    roleDefinitionId: role.id ?? '',
    principalId: tagger.objectId,
  })
  const groups = groupsFor(tagger)
  assert.deepEqual((await groups.update(name, { tags: { a: 'b' } })).tags, { a: 'b' })
  await assert.rejects(groups.delete(name), denied('Microsoft.Resources/subscriptions/resourceGroups/delete'))

  await assert.rejects(roleDefinitions.delete(scope, id), refusal(400, 'RoleDefinitionHasAssignments'))
  await roleAssignments.deleteById(assignment.id ?? '')
  await roleDefinitions.delete(scope, id)
  await assert.rejects(roleDefinitions.get(scope, id), refusal(404, 'RoleDefinitionDoesNotExist'))
})
