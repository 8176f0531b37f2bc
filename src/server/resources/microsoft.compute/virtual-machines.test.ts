import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { image, key, machineBody, openGroup } from './testing-machines.ts'

const vm = 'Microsoft.Compute/virtualMachines/vm1'
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

test('A new machine is Creating, then Succeeded, and shows what it is made of', async t => {
  const { id, send, finish } = await openGroup(t)
  const made = await finish('PUT', vm, machineBody({ tags: { team: 'blue' }, zones: ['1'] }))
  assert.equal(made.status, 'Succeeded')

  const { status, body } = await send('GET', vm)
  assert.equal(status, 200)
  const { vmId, timeCreated, storageProfile, ...properties } = body.properties
  assert.match(vmId, guid)
  assert.match(timeCreated, /^\d{4}-\d\d-\d\dT/)
  const diskName = storageProfile.osDisk.name
  assert.match(diskName, /^vm1_OsDisk_1_[0-9a-f]{32}$/)
  assert.deepEqual(storageProfile, {
    imageReference: { ...image, exactVersion: '22.4.0' },
    osDisk: {
      caching: 'ReadWrite',
      diskSizeGB: 30,
      deleteOption: 'Detach',
      osType: 'Linux',
      name: diskName,
      createOption: 'FromImage',
      managedDisk: { storageAccountType: 'Premium_LRS', id: `${id}/providers/Microsoft.Compute/disks/${diskName}` },
    },
    dataDisks: [],
  })
  assert.deepEqual(properties, {
    hardwareProfile: { vmSize: 'Standard_B2s' },
    provisioningState: 'Succeeded',
    osProfile: {
      secrets: [],
      allowExtensionOperations: true,
      computerName: 'vm1',
      adminUsername: 'azureuser',
      linuxConfiguration: {
        provisionVMAgent: true,
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ path: '/home/azureuser/.ssh/authorized_keys', keyData: key }] },
      },
      requireGuestProvisionSignal: true,
    },
    networkProfile: { networkInterfaces: [] },
  })
  assert.deepEqual(
    [body.id, body.type, body.location, body.tags, body.zones, body.machine],
    [`${id}/providers/${vm}`, 'Microsoft.Compute/virtualMachines', 'westeurope', { team: 'blue' }, ['1'], undefined],
  )
})

test('The answer to a PUT says where its progress is to be seen', async t => {
  const { send } = await openGroup(t)
  const { status, headers, body } = await send('PUT', vm, machineBody())
  assert.deepEqual([status, body.properties.provisioningState, headers.get('retry-after')], [201, 'Creating', '1'])
  assert.match(headers.get('azure-asyncoperation') ?? '', /\/operations\/[0-9a-f-]{36}\?api-version=2024-11-01$/)
})

test('A caller cannot set what the server decides', async t => {
  const { send, finish } = await openGroup(t)
  const forged = { vmId: 'mine', provisioningState: 'Done', timeCreated: 'never', instanceView: { statuses: [] } }
  await finish('PUT', vm, machineBody({ machine: { power: 'deallocated' }, properties: forged }))
  const { body } = await send('GET', `${vm}?$expand=instanceView`)
  assert.match(body.properties.vmId, guid)
  assert.equal(body.properties.provisioningState, 'Succeeded')
  assert.equal(body.properties.instanceView.statuses[1].code, 'PowerState/running')

  const again = await send('PUT', vm, machineBody({ machine: { power: 'deallocated' }, properties: forged }))
  assert.equal(again.body.properties.vmId, body.properties.vmId)
})

test('Secrets are neither shown nor found in the data directory; user data is shown when asked for', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  const adminPassword = 'correct-Horse7-battery'
  const customData = Buffer.from('#cloud-config secret').toString('base64')
  const userData = Buffer.from('hello').toString('base64')
  const osProfile = { adminUsername: 'azureuser', adminPassword, customData }
  const created = await send('PUT', vm, machineBody({ properties: { osProfile, userData } }))
  await finish('POST', `${vm}/restart`)
  const shown = await send('GET', `${vm}?$expand=instanceView`)
  const expanded = await send('GET', `${vm}?$expand=userData`)
  for (const { body } of [created, shown]) {
    const text = JSON.stringify(body)
    for (const secret of [adminPassword, customData, userData]) assert.ok(!text.includes(secret))
  }
  assert.equal(expanded.body.properties.userData, userData)

  await lazuli.close()
  const { directory } = lazuli.parts.config
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  for (const { parentPath, name } of files) {
    const content = readFileSync(join(parentPath, name), 'latin1')
    for (const secret of [adminPassword, customData]) assert.ok(!content.includes(secret), name)
  }
})

test('The instance view says how the machine is, and that no agent reports', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const expanded = (await send('GET', `${vm}?$expand=instanceView`)).body.properties.instanceView
  const { body } = await send('GET', `${vm}/instanceView`)
  assert.deepEqual([body.computerName, body.vmAgent.vmAgentVersion], ['vm1', 'Unknown'])
  assert.deepEqual(
    body.statuses.map(({ code }: { code: string }) => code),
    ['ProvisioningState/succeeded', 'PowerState/running'],
  )
  assert.equal(body.statuses[1].displayStatus, 'VM running')
  assert.equal(body.vmAgent.statuses[0].code, 'ProvisioningState/Unavailable')
  assert.deepEqual(expanded.statuses, body.statuses)
  assert.equal((await send('GET', vm)).body.properties.instanceView, undefined)
})

test('Lists show machines, and their power state when asked for it', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  for (const path of [
    'Microsoft.Compute/virtualMachines',
    `${lazuli.subscription}/providers/Microsoft.Compute/virtualMachines`,
  ]) {
    const plain = await send('GET', path)
    assert.deepEqual(
      plain.body.value.map(({ name }: { name: string }) => name),
      ['vm1'],
    )
    assert.equal(plain.body.value[0].properties.instanceView, undefined)
    const { body } = await send('GET', `${path}?statusOnly=true`)
    assert.equal(body.value[0].properties.instanceView.statuses[1].code, 'PowerState/running')
  }
})

test('Each power action does what it says and may be repeated', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const power = async () => (await send('GET', `${vm}/instanceView`)).body.statuses[1].code
  for (const [action, expected] of [
    ['powerOff?skipShutdown=false', 'stopped'],
    ['powerOff?skipShutdown=true', 'stopped'],
    ['start', 'running'],
    ['restart', 'running'],
    ['deallocate', 'deallocated'],
    ['deallocate', 'deallocated'],
    ['start', 'running'],
  ] as const) {
    assert.equal((await finish('POST', `${vm}/${action}`)).status, 'Succeeded', action)
    assert.equal(await power(), `PowerState/${expected}`, action)
  }
})

test('A deallocated machine can neither be restarted nor powered off', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  await finish('POST', `${vm}/deallocate`)
  for (const action of ['restart', 'powerOff']) {
    const { status, body } = await send('POST', `${vm}/${action}`)
    assert.equal(status, 409)
    assert.deepEqual(body.error, {
      code: 'OperationNotAllowed',
      message: `Operation '${action}' is not allowed on VM 'vm1' since the VM is either deallocated or marked to be deallocated.`,
    })
  }
})

test('A stopped machine is stopped, and a running one running, after the server has started again', async t => {
  const { lazuli, finish } = await openGroup(t)
  const vm2 = vm.replace('vm1', 'vm2')
  await finish('PUT', vm, machineBody())
  await finish('PUT', vm2, machineBody())
  await finish('POST', `${vm}/powerOff`)
  await lazuli.close()
  const { send } = await openGroup(t, { folder: lazuli.parts.config.directory })
  const power = async (path: string) => (await send('GET', `${path}/instanceView`)).body.statuses[1].code
  assert.deepEqual([await power(vm), await power(vm2)], ['PowerState/stopped', 'PowerState/running'])
})

test('A deleted machine is gone, and may be made anew under its name', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const { vmId } = (await send('GET', vm)).body.properties
  const answer = await send('DELETE', `${vm}?forceDeletion=true`)
  assert.equal(answer.status, 202)
  const poll = new URL(answer.headers.get('azure-asyncoperation') ?? '')
  await lazuli.parts.asyncWork.close(5_000)
  assert.equal((await lazuli.request('GET', poll.href, { token: await lazuli.adminToken() })).status, 200)
  assert.equal((await send('GET', vm)).status, 404)
  assert.equal((await send('DELETE', vm)).status, 204)
  assert.equal(lazuli.parts.machines.resourceIdOf(vmId), undefined)
  const anew = await send('PUT', vm, machineBody())
  assert.equal(anew.status, 201)
  assert.notEqual(anew.body.properties.vmId, vmId)
})

test('What is read can be written back, and changes nothing', async t => {
  const { send, finish } = await openGroup(t)
  const userData = Buffer.from('hello').toString('base64')
  await finish('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' }, properties: { userData } }))
  const { etag: _before, ...before } = (await send('GET', vm)).body
  const { status, body } = await send('PUT', vm, before)
  const { etag: _after, ...after } = body
  assert.equal(status, 200)
  assert.deepEqual(after, before)
  assert.equal((await send('GET', `${vm}?$expand=userData`)).body.properties.userData, userData)
})

test('The same template may be sent again, with its password and custom data', async t => {
  const { send, finish } = await openGroup(t)
  const osProfile = { adminUsername: 'azureuser', adminPassword: 'correct-Horse7', customData: 'aGVsbG8=' }
  const body = machineBody({ properties: { osProfile } })
  await finish('PUT', vm, body)
  assert.equal((await send('PUT', vm, body)).status, 200)
})

test('A PATCH changes what it names, and size and tags may change', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody({ tags: { a: '1' } }))
  const patch = { tags: { b: '2' }, properties: { hardwareProfile: { vmSize: 'Standard_B2ms' } } }
  const { status, body } = await send('PATCH', vm, patch)
  assert.deepEqual(
    [status, body.tags, body.properties.hardwareProfile, body.properties.osProfile.computerName],
    [200, { b: '2' }, { vmSize: 'Standard_B2ms' }, 'vm1'],
  )
})

test('A PATCH with null for the properties leaves them', async t => {
  const { send } = await openGroup(t)
  await send('PUT', vm, machineBody())
  const { status, body } = await send('PATCH', vm, { tags: { a: 'b' }, properties: null })
  assert.deepEqual([status, body.tags, body.properties.osProfile.adminUsername], [200, { a: 'b' }, 'azureuser'])
})

test('A PATCH cannot give a machine another id, place or hidden state', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const { etag: _before, ...before } = (await send('GET', vm)).body
  const forged = { id: '/x', name: 'x', type: 'x', etag: 'x', location: 'eastus', machine: { power: 'deallocated' } }
  const { status, body } = await send('PATCH', vm, { ...forged, properties: { vmId: 'x', provisioningState: 'x' } })
  const { etag: _after, ...after } = body
  assert.deepEqual([status, after], [200, before])
  assert.equal((await send('POST', `${vm}/restart`)).status, 202)
})

const linuxConfiguration = { disablePasswordAuthentication: true, ssh: { publicKeys: [] } }
const immutable: [target: string, properties: Record<string, unknown>][] = [
  ['osProfile.computerName', { osProfile: { computerName: 'vm2' } }],
  ['osProfile.adminUsername', { osProfile: { adminUsername: 'somebody' } }],
  [
    'linuxConfiguration.disablePasswordAuthentication',
    { osProfile: { linuxConfiguration: { disablePasswordAuthentication: false } } },
  ],
  ['linuxConfiguration.ssh.publicKeys', { osProfile: { linuxConfiguration } }],
  ['customData', { osProfile: { customData: 'aGVsbG8=' } }],
  ['imageReference', { storageProfile: { imageReference: { ...image, sku: '22_04-lts' } } }],
  ['osDisk.name', { storageProfile: { osDisk: { name: 'another' } } }],
  ['osDisk.createOption', { storageProfile: { osDisk: { createOption: 'Attach' } } }],
]

for (const [target, properties] of immutable) {
  test(`${target} may not change in the life of a machine`, async t => {
    const { send, finish } = await openGroup(t)
    await finish('PUT', vm, machineBody())
    const before = (await send('GET', vm)).body
    const { status, body } = await send('PATCH', vm, { properties })
    assert.equal(status, 409)
    assert.deepEqual(body.error, {
      code: 'PropertyChangeNotAllowed',
      message: `Changing property '${target}' is not allowed.`,
      target,
    })
    assert.deepEqual((await send('GET', vm)).body, before)
  })
}

const osDisk = { createOption: 'fromImage' }
const refused: [what: string, properties: Record<string, unknown>, status: number, code: string, message: RegExp][] = [
  [
    'an unknown size',
    { hardwareProfile: { vmSize: 'Standard_X1' } },
    400,
    'InvalidParameter',
    /^The value Standard_X1 provided for the VM size is not valid\. The valid sizes in the current region are: Standard_B1ls,/,
  ],
  [
    'an unknown image',
    { storageProfile: { osDisk, imageReference: { ...image, offer: 'WindowsServer' } } },
    404,
    'PlatformImageNotFound',
    /^The platform image 'Canonical:WindowsServer:22_04-lts-gen2:latest' is not available\. Verify that all fields in the storage profile are correct\./,
  ],
  [
    'an image version that is none',
    { storageProfile: { osDisk, imageReference: { ...image, version: 'newest' } } },
    404,
    'PlatformImageNotFound',
    /:newest' is not available/,
  ],
  [
    'an image without a SKU',
    { storageProfile: { osDisk, imageReference: { ...image, sku: null } } },
    400,
    'InvalidParameter',
    /^Required parameter 'imageReference\.sku' is missing \(null\)\.$/,
  ],
  [
    'an image of its own',
    {
      storageProfile: {
        osDisk,
        imageReference: { id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/i' },
      },
    },
    404,
    'ImageNotFound',
    /images\/i' cannot be found in 'westeurope' region\.$/,
  ],
  [
    'no image',
    { storageProfile: { osDisk } },
    400,
    'InvalidParameter',
    /^Required parameter 'imageReference' is missing/,
  ],
  [
    'a disk to attach',
    { storageProfile: { osDisk: { createOption: 'attach', managedDisk: { id: '/d' } } } },
    404,
    'NotFound',
    /^Disk \/d is not found\.$/,
  ],
  [
    'a data disk',
    { storageProfile: { osDisk, imageReference: image, dataDisks: [{ lun: 0, createOption: 'Empty' }] } },
    409,
    'OperationNotAllowed',
    /^The maximum number of data disks/,
  ],
  [
    'Windows',
    { storageProfile: { osDisk: { ...osDisk, osType: 'Windows' }, imageReference: image } },
    400,
    'InvalidParameter',
    /osDisk\.osType/,
  ],
  [
    'no profile',
    { osProfile: null },
    400,
    'InvalidParameter',
    /^Required parameter 'osProfile' is missing \(null\)\.$/,
  ],
  [
    'a reserved user name',
    { osProfile: { adminUsername: 'root', adminPassword: 'correct-Horse7' } },
    400,
    'InvalidParameter',
    /^The Admin Username specified is not allowed\.$/,
  ],
  ['user data that is not Base64', { userData: '???' }, 400, 'InvalidParameter', /userData/],
  ['a profile that is text', { osProfile: 'me' }, 400, 'InvalidParameter', /properties\.osProfile/],
]

for (const [what, properties, expectedStatus, code, message] of refused) {
  test(`A machine with ${what} is refused and leaves nothing`, async t => {
    const { send } = await openGroup(t)
    const { status, body } = await send('PUT', vm, machineBody({ identity: { type: 'SystemAssigned' }, properties }))
    assert.deepEqual([status, body.error.code], [expectedStatus, code])
    assert.match(body.error.message, message)
    assert.equal((await send('GET', vm)).status, 404)
  })
}

test('Every api-version from 2015 on is taken, and no other', async t => {
  const { send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  for (const version of ['2015-06-15', '2017-12-01', '2020-06-01', '2026-03-01']) {
    assert.equal((await send('GET', vm, undefined, { version })).status, 200, version)
  }
  const { status, body } = await send('GET', vm, undefined, { version: '2018-06-30' })
  assert.deepEqual([status, body.error.code], [400, 'InvalidApiVersionParameter'])
})

test('Reader sees machines and changes none; Virtual Machine Contributor changes them', async t => {
  const { lazuli, send, finish } = await openGroup(t)
  await finish('PUT', vm, machineBody())
  const reader = await lazuli.principal({ roles: [{ role: 'Reader' }] })
  const operator = await lazuli.principal({ roles: [{ role: 'Virtual Machine Contributor' }] })
  const status = async (method: string, path: string, token: string) =>
    (await send(method, path, undefined, { token })).status
  assert.equal(await status('GET', `${vm}/instanceView`, reader.token), 200)
  assert.equal(await status('POST', `${vm}/start`, reader.token), 403)
  assert.equal(await status('DELETE', vm, reader.token), 403)
  assert.equal(await status('POST', `${vm}/start`, operator.token), 202)
})
