import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import { type Group, machineBody, openGroup } from './testing-machines.ts'

const vm = 'Microsoft.Compute/virtualMachines/vm1'
const look = systemGrant('look at principals in a test')

const identityId = ({ id }: Group, name: string) =>
  `${id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`

/** The principal of a user-assigned identity, as that type makes it. */
const userAssigned = ({ lazuli }: Group, id: string) => lazuli.principal({ kind: 'managedIdentity', resourceId: id })

const principalOf = ({ lazuli }: Group, objectId: string) => lazuli.store.principals.get(look, { objectId })

test('A system-assigned identity comes with the machine and goes with it', async t => {
  const group = await openGroup(t)
  await group.finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  const { identity, id } = (await group.send('GET', vm)).body
  assert.equal(identity.type, 'SystemAssigned')
  assert.equal(identity.tenantId, group.lazuli.directory.tenantId)
  assert.partialDeepStrictEqual(await principalOf(group, identity.principalId), {
    kind: 'managedIdentity',
    displayName: 'vm1',
    resourceId: id,
  })
  await group.send('DELETE', vm)
  assert.equal(await principalOf(group, identity.principalId), undefined)
})

test('The token of a system-assigned identity opens nothing once the machine has lost it', async t => {
  const group = await openGroup(t)
  const { lazuli, send, finish } = group
  await finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  const { principalId } = (await send('GET', vm)).body.identity
  const principal = await principalOf(group, principalId)
  const claims = { oid: principalId, appid: principal?.clientId, idtyp: 'app' }
  const wish = { audience: 'https://management.azure.com/', lifetimeSec: 3600, claims }
  const { token } = await lazuli.parts.tokens.issueAccess(wish)
  assert.equal((await send('GET', vm, undefined, { token })).status, 403)
  await send('PATCH', vm, { identity: { type: 'None' } })
  assert.equal((await send('GET', vm, undefined, { token })).status, 401)
})

test('A machine that gets its system-assigned identity back gets another one', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  const before = (await send('GET', vm)).body.identity.principalId
  const kept = await send('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  assert.equal(kept.body.identity.principalId, before)
  assert.equal((await send('PUT', vm, machineBody({ identity: { type: 'None' } }))).body.identity, undefined)
  const after = await send('PATCH', vm, { identity: { type: 'SystemAssigned' } })
  assert.notEqual(after.body.identity.principalId, before)
})

test('A PUT replaces identities, and one that does not mention them leaves them', async t => {
  const group = await openGroup(t)
  const [a, b] = [identityId(group, 'a'), identityId(group, 'b')]
  const [first, second] = [await userAssigned(group, a), await userAssigned(group, b)]
  const shown = ({ objectId, clientId }: typeof first) => ({ principalId: objectId, clientId })
  const put = async (identity: unknown) => (await group.send('PUT', vm, machineBody({ identity }))).body.identity
  assert.deepEqual(await put({ type: 'UserAssigned', userAssignedIdentities: { [a]: {} } }), {
    type: 'UserAssigned',
    userAssignedIdentities: { [a]: shown(first) },
  })
  assert.deepEqual(await put(undefined), {
    type: 'UserAssigned',
    userAssignedIdentities: { [a]: shown(first) },
  })
  assert.deepEqual(await put({ type: 'UserAssigned', userAssignedIdentities: { [b]: {} } }), {
    type: 'UserAssigned',
    userAssignedIdentities: { [b]: shown(second) },
  })
})

test('az adds and removes identities by PATCH, and removes with an id in lower case', async t => {
  const group = await openGroup(t)
  const { send, finish } = group
  const [a, b] = [identityId(group, 'Alpha'), identityId(group, 'Beta')]
  await userAssigned(group, a)
  await userAssigned(group, b)
  await finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  const patch = async (identity: unknown) => {
    const { status, body } = await send('PATCH', vm, { identity })
    assert.equal(status, 200)
    return [body.identity?.type, Object.keys(body.identity?.userAssignedIdentities ?? {})]
  }
  const named = (id: string, value: unknown) => ({ userAssignedIdentities: { [id]: value } })
  const withBoth = { type: 'SystemAssigned, UserAssigned' }
  assert.deepEqual(await patch({ ...withBoth, ...named(a, {}) }), ['SystemAssigned, UserAssigned', [a]])
  assert.deepEqual(await patch({ ...withBoth, ...named(b, {}) }), ['SystemAssigned, UserAssigned', [a, b]])
  assert.deepEqual(await patch({ type: 'UserAssigned' }), ['UserAssigned', [a, b]])
  assert.deepEqual(await patch({ type: 'UserAssigned', ...named(a.toLowerCase(), null) }), ['UserAssigned', [b]])
  assert.deepEqual(await patch({ type: 'UserAssigned', ...named(b.toLowerCase(), null) }), [undefined, []])
})

test('Versions before 2018-06-01 name user-assigned identities in a list', async t => {
  const group = await openGroup(t)
  const a = identityId(group, 'a')
  await userAssigned(group, a)
  await group.finish('PUT', vm, machineBody())
  const version = '2017-12-01'
  const { body } = await group.send('PATCH', vm, { identity: { type: 'UserAssigned', identityIds: [a] } }, { version })
  assert.deepEqual(body.identity, { type: 'UserAssigned', identityIds: [a] })
})

test('An identity that does not exist cannot be assigned, and the machine stays as it was', async t => {
  const group = await openGroup(t)
  const { id, send, finish } = group
  const missing = identityId(group, 'missing')
  await finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' } }))
  const before = (await send('GET', vm)).body
  const { status, body } = await send('PATCH', vm, {
    identity: { type: 'UserAssigned', userAssignedIdentities: { [missing]: {} } },
  })
  assert.equal(status, 400)
  assert.deepEqual(body.error, {
    code: 'FailedIdentityOperation',
    message: `Identity operation for resource '${id}/providers/${vm}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${missing}' was not found."}}'.'.`,
  })
  assert.deepEqual((await send('GET', vm)).body, before)
})

test('Assigning an identity takes the right to at that identity; keeping it does not', async t => {
  const group = await openGroup(t)
  const { lazuli, send, finish } = group
  const [a, b] = [identityId(group, 'a'), identityId(group, 'b')]
  await userAssigned(group, a)
  await userAssigned(group, b)
  await finish('PUT', vm, machineBody({ identity: { type: 'UserAssigned', userAssignedIdentities: { [a]: {} } } }))
  const machines = { role: 'Virtual Machine Contributor' }
  const outsider = await lazuli.principal({ roles: [machines] })
  const operator = await lazuli.principal({ roles: [machines, { role: 'Managed Identity Operator', scope: b }] })
  const add = (token: string, id: string) =>
    send('PATCH', vm, { identity: { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } } }, { token })

  assert.equal((await add(outsider.token, a.toUpperCase())).status, 200)
  const refused = await add(outsider.token, b)
  assert.deepEqual([refused.status, refused.body.error.code], [403, 'LinkedAuthorizationFailed'])
  assert.match(
    refused.body.error.message,
    /action 'Microsoft\.ManagedIdentity\/userAssignedIdentities\/assign\/action' on the linked scope/,
  )
  assert.equal((await add(operator.token, b)).status, 200)
})

test('An identity that was deleted is shown without ids, and its successor of the same name is not the machine’s', async t => {
  const group = await openGroup(t)
  const { lazuli, send, finish } = group
  const a = identityId(group, 'a')
  const { objectId } = await userAssigned(group, a)
  await finish('PUT', vm, machineBody({ identity: { type: 'UserAssigned', userAssignedIdentities: { [a]: {} } } }))
  await lazuli.store.write(tx => tx.principals.remove(look, objectId))
  await userAssigned(group, a)
  const { identity } = (await send('GET', vm)).body
  assert.deepEqual(identity, { type: 'UserAssigned', userAssignedIdentities: { [a]: {} } })
})

test('A name of more than 24 characters is no hindrance', async t => {
  const group = await openGroup(t)
  const long = identityId(group, 'x'.repeat(40))
  await userAssigned(group, long)
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [long]: {} } }
  assert.equal((await group.finish('PUT', vm, machineBody({ identity }))).status, 'Succeeded')
})
