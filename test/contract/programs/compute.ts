import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ComputeManagementClient, type VirtualMachine } from '@azure/arm-compute'
import { ManagedServiceIdentityClient } from '@azure/arm-msi'
import { ResourceManagementClient } from '@azure/arm-resources'
import { administrator, all, clientOptions, refusal, subscriptionId, unique } from './azure.ts'

const { virtualMachines, virtualMachineSizes, virtualMachineImages, sshPublicKeys } = new ComputeManagementClient(
  administrator,
  subscriptionId,
  clientOptions,
)
const { resourceGroups } = new ResourceManagementClient(administrator, subscriptionId, clientOptions)
const { userAssignedIdentities } = new ManagedServiceIdentityClient(administrator, subscriptionId, clientOptions)

const location = 'westeurope'
const group = unique('machines')
let publicKey: string

before(async () => {
  await resourceGroups.createOrUpdate(group, { location })
  await sshPublicKeys.create(group, 'key', { location })
  publicKey = (await sshPublicKeys.generateKeyPair(group, 'key', { parameters: { encryptionType: 'Ed25519' } }))
    .publicKey
})

const machine = (identity?: VirtualMachine['identity']): VirtualMachine => ({
  location,
  hardwareProfile: { vmSize: 'Standard_B1s' },
  storageProfile: {
    imageReference: { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' },
    osDisk: { createOption: 'FromImage' },
  },
  osProfile: {
    computerName: 'web',
    adminUsername: 'azureuser',
    linuxConfiguration: {
      disablePasswordAuthentication: true,
      ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData: publicKey }] },
    },
  },
  ...(identity ? { identity } : {}),
})

const powerOf = async (name: string) =>
  (await virtualMachines.instanceView(group, name)).statuses?.find(({ code }) => code?.startsWith('PowerState/'))?.code

test('a machine is made, listed, stopped, started, deallocated and deleted', async () => {
  const name = unique('vm')
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachines/${name}`
  const made = await virtualMachines.createOrUpdate(group, name, machine({ type: 'SystemAssigned' }))
  assert.partialDeepStrictEqual(made, {
    id,
    name,
    location,
    provisioningState: 'Succeeded',
    hardwareProfile: { vmSize: 'Standard_B1s' },
    identity: { type: 'SystemAssigned' },
  })
  assert.match(made.identity?.principalId ?? '', /^[0-9a-f-]{36}$/)
  assert.match(made.vmId ?? '', /^[0-9a-f-]{36}$/)

  assert.deepEqual(
    (await all(virtualMachines.list(group))).map(vm => vm.id),
    [id],
  )
  assert.ok((await all(virtualMachines.listAll())).some(vm => vm.id === id))
  assert.equal(await powerOf(name), 'PowerState/running')
  await virtualMachines.powerOff(group, name)
  assert.equal(await powerOf(name), 'PowerState/stopped')
  await virtualMachines.start(group, name)
  assert.equal(await powerOf(name), 'PowerState/running')
  await virtualMachines.restart(group, name)
  assert.equal(await powerOf(name), 'PowerState/running')
  await virtualMachines.deallocate(group, name)
  const view = await virtualMachines.get(group, name, { expand: 'instanceView' })
  assert.ok(view.instanceView?.statuses?.some(({ code }) => code === 'PowerState/deallocated'))

  await virtualMachines.delete(group, name)
  await assert.rejects(virtualMachines.get(group, name), refusal(404, 'ResourceNotFound', new RegExp(name)))
})

test('an update changes tags and identities and leaves everything else as it was', async () => {
  const name = unique('vm')
  const [one, two] = await Promise.all(
    ['one', 'two'].map(identity => userAssignedIdentities.createOrUpdate(group, unique(identity), { location })),
  )
  assert.ok(one?.id && two?.id)
  const made = await virtualMachines.createOrUpdate(group, name, machine({ type: 'SystemAssigned' }))

  const both = await virtualMachines.update(group, name, {
    tags: { stage: 'live' },
    identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [one.id]: {}, [two.id]: {} } },
  })
  assert.deepEqual(both.tags, { stage: 'live' })
  assert.equal(both.identity?.principalId, made.identity?.principalId)
  assert.deepEqual(
    Object.values(both.identity?.userAssignedIdentities ?? {}).map(({ clientId }) => clientId),
    [one.clientId, two.clientId],
  )

  const none = await virtualMachines.update(group, name, { identity: { type: 'None' } })
  assert.equal(none.identity?.principalId, undefined)
  const { identity: _before, tags: _noTags, etag: _etag, ...before } = made
  const { identity: _after, tags: _tags, etag: _newEtag, ...after } = none
  assert.deepEqual(after, before)
})

test('a change under an old ETag is refused, and one under the present ETag is made', async () => {
  const name = unique('vm')
  const { etag: first = '' } = await virtualMachines.createOrUpdate(group, name, machine())
  const { etag: second = '' } = await virtualMachines.update(group, name, { tags: { a: '1' } }, { ifMatch: first })
  assert.notEqual(first, second)
  await assert.rejects(
    virtualMachines.update(group, name, { tags: { a: '2' } }, { ifMatch: first }),
    refusal(412, 'PreconditionFailed'),
  )
  await assert.rejects(
    virtualMachines.createOrUpdate(group, name, machine(), { ifNoneMatch: '*' }),
    refusal(412, 'PreconditionFailed'),
  )
  const shown = await virtualMachines.get(group, name)
  assert.deepEqual({ tags: shown.tags, etag: shown.etag }, { tags: { a: '1' }, etag: second })
})

test('a machine that cannot be is refused in the words of Azure, and is not there afterwards', async () => {
  const name = unique('vm')
  const wishes: [VirtualMachine, ReturnType<typeof refusal>][] = [
    [
      {
        ...machine(),
        storageProfile: { imageReference: { publisher: 'No', offer: 'such', sku: 'one', version: '1' } },
      },
      refusal(404, 'PlatformImageNotFound', /No:such:one:1/),
    ],
    [
      { ...machine(), hardwareProfile: { vmSize: 'Standard_Huge' } },
      refusal(400, 'InvalidParameter', /Standard_Huge provided for the VM size/),
    ],
    [
      { ...machine(), osProfile: { ...machine().osProfile, adminUsername: 'root' } },
      refusal(400, 'InvalidParameter', /Admin Username/),
    ],
    [
      machine({ type: 'UserAssigned', userAssignedIdentities: { [`${missingIdentity}`]: {} } }),
      refusal(400, 'FailedIdentityOperation', /was not found/),
    ],
  ]
  for (const [wish, expected] of wishes) {
    await assert.rejects(virtualMachines.createOrUpdate(group, name, wish), expected)
  }
  await assert.rejects(
    virtualMachines.createOrUpdate(unique('nowhere'), name, machine()),
    refusal(404, 'ResourceGroupNotFound'),
  )
  await assert.rejects(virtualMachines.get(group, name), refusal(404, 'ResourceNotFound'))
})

const missingIdentity = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/missing`

test('what a machine is made of does not change afterwards', async () => {
  const name = unique('vm')
  await virtualMachines.createOrUpdate(group, name, machine())
  const other = machine()
  await assert.rejects(
    virtualMachines.createOrUpdate(group, name, { ...other, osProfile: { ...other.osProfile, adminUsername: 'else' } }),
    refusal(409, 'PropertyChangeNotAllowed', /adminUsername/),
  )
  const resized = await virtualMachines.createOrUpdate(group, name, {
    ...other,
    hardwareProfile: { vmSize: 'Standard_B2s' },
  })
  assert.equal(resized.hardwareProfile?.vmSize, 'Standard_B2s')
})

test('machines beyond one page are all listed, each once', async () => {
  const crowded = unique('crowded')
  await resourceGroups.createOrUpdate(crowded, { location })
  const names = Array.from({ length: 5 }, (_, i) => `vm-${i}`)
  await Promise.all(names.map(name => virtualMachines.createOrUpdate(crowded, name, machine())))
  const pages: string[][] = []
  for await (const page of virtualMachines.list(crowded).byPage()) pages.push(page.map(vm => vm.name ?? ''))
  assert.deepEqual(pages.flat().sort(), names)
  await resourceGroups.delete(crowded)
  await assert.rejects(all(virtualMachines.list(crowded)), refusal(404, 'ResourceGroupNotFound'))
})

test('SSH keys are made in both kinds, kept without the private half, and renewed', async () => {
  const name = unique('key')
  await sshPublicKeys.create(group, name, { location, tags: { of: 'test' } })
  const rsa = await sshPublicKeys.generateKeyPair(group, name)
  assert.match(rsa.publicKey, /^ssh-rsa /)
  assert.match(rsa.privateKey, /^-----BEGIN RSA PRIVATE KEY-----/)
  const ed25519 = await sshPublicKeys.generateKeyPair(group, name, { parameters: { encryptionType: 'Ed25519' } })
  assert.match(ed25519.publicKey, /^ssh-ed25519 /)

  const shown = await sshPublicKeys.get(group, name)
  assert.deepEqual(
    { publicKey: shown.publicKey, tags: shown.tags },
    { publicKey: ed25519.publicKey, tags: { of: 'test' } },
  )
  assert.doesNotMatch(JSON.stringify(shown), /PRIVATE/)
  await sshPublicKeys.update(group, name, { tags: {} })
  assert.ok((await all(sshPublicKeys.listByResourceGroup(group))).some(key => key.name === name))
  await sshPublicKeys.delete(group, name)
  await assert.rejects(sshPublicKeys.get(group, name), refusal(404, 'ResourceNotFound'))
})

test('images and sizes are listed as a program looks for them', async () => {
  const publishers = await virtualMachineImages.listPublishers(location)
  assert.ok(publishers.some(({ name }) => name === 'Canonical'))
  const offers = await virtualMachineImages.listOffers(location, 'Debian')
  assert.ok(offers.some(({ name }) => name === 'debian-12'))
  const skus = await virtualMachineImages.listSkus(location, 'Debian', 'debian-12')
  assert.ok(skus.some(({ name }) => name === '12-gen2'))
  const [version] = await virtualMachineImages.list(location, 'Debian', 'debian-12', '12-gen2')
  assert.ok(version)
  const image = await virtualMachineImages.get(location, 'Debian', 'debian-12', '12-gen2', version.name)
  assert.equal(image.osDiskImage?.operatingSystem, 'Linux')

  const sizes = await all(virtualMachineSizes.list(location))
  const small = sizes.find(({ name }) => name === 'Standard_B1s')
  assert.partialDeepStrictEqual(small, { numberOfCores: 1, memoryInMB: 1024 })
})
