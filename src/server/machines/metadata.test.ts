import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { type Group, key, machineBody, openGroup } from '../resources/microsoft.compute/testing-machines.ts'
import { metadataMachines } from './metadata.ts'

const arrange = systemGrant('arrange a test')
const vm = 'Microsoft.Compute/virtualMachines/vm1'

/** A user-assigned identity, as its own type stores it. */
async function userAssigned({ lazuli, id }: Group, name: string) {
  const identity = `${id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`
  const principal = await lazuli.principal({ kind: 'managedIdentity', resourceId: identity })
  return { resourceId: identity, clientId: principal.clientId ?? '', principalId: principal.objectId }
}

test('A machine is found by its vmId and by its resource id, with its identities and facts', async t => {
  const group = await openGroup(t)
  const { lazuli, id, send, finish } = group
  const alpha = await userAssigned(group, 'alpha')
  const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [alpha.resourceId]: {} } }
  const userData = Buffer.from('hello').toString('base64')
  await finish('PUT', vm, machineBody({ identity, tags: { a: 'b' }, zones: ['2'], properties: { userData } }))
  const { properties, identity: shown } = (await send('GET', vm)).body
  const system = await lazuli.store.principals.get(arrange, { objectId: shown.principalId })

  const view = metadataMachines(lazuli.parts)
  const machine = await view(properties.vmId)
  assert.deepEqual(
    machine,
    await view(`${id}/providers/${vm}`.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions')),
  )
  assert.deepEqual(
    [machine?.id, machine?.resourceId, machine?.tenantId],
    [properties.vmId, `${id}/providers/${vm}`, lazuli.directory.tenantId],
  )
  assert.deepEqual(machine?.identities, {
    systemAssigned: { clientId: system?.clientId, principalId: shown.principalId },
    userAssigned: [alpha],
  })
  assert.partialDeepStrictEqual(machine?.instance?.compute, {
    location: 'westeurope',
    vmSize: 'Standard_B2s',
    publisher: 'Canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts-gen2',
    version: '22.4.0',
    osProfile: { adminUsername: 'azureuser', computerName: 'vm1', disablePasswordAuthentication: true },
    publicKeys: [{ keyData: key, path: '/home/azureuser/.ssh/authorized_keys' }],
    tagsList: [{ name: 'a', value: 'b' }],
    userData,
    zone: '2',
  })
  assert.deepEqual(machine?.instance?.network, { interface: [] })
})

test('An identity that is taken away is gone with the next question', async t => {
  const group = await openGroup(t)
  const { lazuli, send, finish } = group
  const alpha = await userAssigned(group, 'alpha')
  const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [alpha.resourceId]: {} } }
  await finish('PUT', vm, machineBody({ identity }))
  const { vmId } = (await send('GET', vm)).body.properties
  const view = metadataMachines(lazuli.parts)
  const held = async () => {
    const { systemAssigned, userAssigned = [] } = (await view(vmId))?.identities ?? {}
    return [systemAssigned !== undefined, userAssigned.length]
  }
  assert.deepEqual(await held(), [true, 1])
  await send('PATCH', vm, { identity: { type: 'UserAssigned' } })
  assert.deepEqual(await held(), [false, 1])
  await lazuli.store.write(tx => tx.principals.remove(arrange, alpha.principalId))
  assert.deepEqual(await held(), [false, 0])
})

test('A machine that is gone is not found, nor is its successor by the old vmId', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const { vmId } = (await send('GET', vm)).body.properties
  const view = metadataMachines(lazuli.parts)
  assert.ok(await view(vmId))
  await send('DELETE', vm)
  while ((await send('GET', vm)).status !== 404) await new Promise(resolve => setImmediate(resolve))
  await finish('PUT', vm, machineBody())
  assert.equal(await view(vmId), undefined)
})

test('Somebody who acts as a user-assigned identity has that identity and no machine', async t => {
  const group = await openGroup(t)
  const { lazuli } = group
  const alpha = await userAssigned(group, 'alpha')
  const id = resourceId(alpha.resourceId)
  await lazuli.store.write(tx => tx.resources.put(arrange, id, { properties: {} }))
  assert.deepEqual(await metadataMachines(lazuli.parts)(alpha.resourceId), {
    id: alpha.principalId,
    resourceId: alpha.resourceId,
    tenantId: lazuli.directory.tenantId,
    identities: { userAssigned: [alpha] },
  })
})

test('Nobody else is found', async t => {
  const { lazuli, id } = await openGroup(t)
  const view = metadataMachines(lazuli.parts)
  for (const name of [undefined, '', 'nobody', '/', id, `${id}/providers/${vm}`])
    assert.equal(await view(name), undefined)
})
