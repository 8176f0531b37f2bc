/** The tutorials' commands for az, letter for letter. Only the words in angle brackets are replaced. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { expect, type Identity, madeMachine, newGroup, newIdentity, newMachine, readerRole } from './arrange.ts'
import { azEnvironment, azLane, lanesMissing } from './az.ts'
import { claimsOf, shell, typedInto } from './curl.ts'

const create = {
  msi: 'az identity create -g <RESOURCE GROUP> -n <MSI NAME>',
  uami: 'az identity create -g <RESOURCE GROUP> -n <UAMI NAME>',
}
const assign =
  'az vm identity assign -g <RESOURCE GROUP> -n <VM NAME> --identities "/subscriptions/<SUBSCRIPTION ID>/resourcegroups/<RESOURCE GROUP>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<UAMI NAME>"'
const grant = `az role assignment create --assignee <UAMI PRINCIPALID> --role 'Reader' --scope "/subscriptions/<SUBSCRIPTION ID>/resourcegroups/<RESOURCE GROUP> "`

test('an identity is made, given to a machine and allowed to read as the tutorials show', {
  skip: lanesMissing,
}, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  const { subscriptionId, tenantId } = lazuli.env
  const group = await newGroup(lazuli, 'DevTest')
  await newMachine(lazuli, group, { name: 'LinuxVM' })
  const run = typedInto(typed => lazuli.exec(['sh', '-c', typed], { env: azEnvironment(lane) }))
  const words = {
    'SUBSCRIPTION ID': subscriptionId,
    'RESOURCE GROUP': 'DevTest',
    'VM NAME': 'LinuxVM',
    'MSI NAME': 'MyMSI',
    'UAMI NAME': 'My_UAMI-1',
  }

  const make = async (command: string, name: string): Promise<Identity> => {
    const { clientId, principalId, ...rest } = JSON.parse(await run(command, words))
    for (const guid of [clientId, principalId]) assert.match(guid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const id = `/subscriptions/${subscriptionId}/resourcegroups/DevTest/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`
    assert.deepEqual(rest, {
      id,
      location: 'westeurope',
      name,
      resourceGroup: 'DevTest',
      systemData: null,
      tags: {},
      tenantId,
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    })
    return { id, clientId, principalId }
  }
  await make(create.msi, words['MSI NAME'])
  const { id, clientId, principalId } = await make(create.uami, words['UAMI NAME'])
  // The tutorials' az asked for an older version of the same identity, which has one field more.
  assert.equal(
    JSON.parse(await run(`az rest --url '${id}?api-version=2015-08-31-preview'`)).properties.clientSecretUrl,
    `https://control-westeurope.identity.azure.net${id}/credentials?tid=${tenantId}&oid=${principalId}&aid=${clientId}`,
  )

  assert.deepEqual(JSON.parse(await run(assign, words)), {
    systemAssignedIdentity: '',
    userAssignedIdentities: { [id]: { clientId, principalId } },
  })

  const assignment = JSON.parse(await run(grant, { ...words, 'UAMI PRINCIPALID': principalId }))
  assert.partialDeepStrictEqual(assignment, {
    id: `${group}/providers/Microsoft.Authorization/roleAssignments/${assignment.name}`,
    principalId,
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${readerRole}`,
    scope: group,
    resourceGroup: 'DevTest',
    type: 'Microsoft.Authorization/roleAssignments',
  })
  const { access_token: token } = JSON.parse(await shell(lazuli, 'LinuxVM')(tokenCommand))
  assert.equal((await lazuli.arm('GET', `${group}?api-version=2016-09-01`, { token })).status, 200)
})

/**
 * No az has `vm assign-identity` any more. It read the machine, changed its list of identities, and put all of it back,
 * with api-version 2017-12-01, the last in which there is a list of ids.
 */
test('the request that az vm assign-identity used to send gives a machine identities', async t => {
  const lazuli = await startLazuli(t)
  const group = await newGroup(lazuli)
  const machine = await newMachine(lazuli, group)
  const [one, two] = [await newIdentity(lazuli, group), await newIdentity(lazuli, group)]
  const url = `${machine.id}?api-version=2017-12-01`
  const assignIdentities = async (identity: unknown) => {
    const read = await expect(200, lazuli.arm('GET', url))
    await expect(200, lazuli.arm('PUT', url, { body: { ...read, identity } }))
    const { identity: now } = await madeMachine(lazuli, machine.id)
    return { old: (await expect(200, lazuli.arm('GET', url))).identity, now }
  }
  const ids = ({ clientId, principalId }: Identity) => ({ clientId, principalId })

  assert.deepEqual(await assignIdentities({ type: 'UserAssigned', identityIds: [one.id] }), {
    old: { type: 'UserAssigned', identityIds: [one.id] },
    now: { type: 'UserAssigned', userAssignedIdentities: { [one.id]: ids(one) } },
  })
  const { access_token } = JSON.parse(await shell(lazuli, machine.name)(tokenCommand))
  assert.equal(claimsOf(access_token).oid, one.principalId)

  const both = await assignIdentities({ type: 'SystemAssigned, UserAssigned', identityIds: [one.id, two.id] })
  const { principalId } = both.now
  const { tenantId } = lazuli.env
  assert.deepEqual(both, {
    old: { type: 'SystemAssigned, UserAssigned', principalId, tenantId, identityIds: [one.id, two.id] },
    now: {
      type: 'SystemAssigned, UserAssigned',
      principalId,
      tenantId,
      userAssignedIdentities: { [one.id]: ids(one), [two.id]: ids(two) },
    },
  })
  const less = await assignIdentities({ type: 'UserAssigned', identityIds: [two.id] })
  assert.deepEqual(less.now, { type: 'UserAssigned', userAssignedIdentities: { [two.id]: ids(two) } })
})

const tokenCommand = `curl -s 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/' -H Metadata:true`
