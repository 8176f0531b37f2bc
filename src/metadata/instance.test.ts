import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instanceAnswer, instanceDocument } from './instance.ts'
import type { InstanceFacts } from './machine.ts'
import { parseQuery } from './query.ts'
import { Refusal } from './refusal.ts'
import { group, machine } from './testing-machine.ts'
import { apiVersions } from './versions.ts'

const facts: InstanceFacts = {
  compute: {
    location: 'westeurope',
    offer: 'debian-12',
    osProfile: { adminUsername: 'azureuser', computerName: 'vm1', disablePasswordAuthentication: true },
    platformFaultDomain: 0,
    platformUpdateDomain: 0,
    priority: 'Regular',
    publicKeys: [{ keyData: 'ssh-ed25519 AAAA', path: '/home/azureuser/.ssh/authorized_keys' }],
    publisher: 'Debian',
    securityProfile: { secureBootEnabled: false, virtualTpmEnabled: false },
    sku: '12-gen2',
    storageProfile: {
      imageReference: { offer: 'debian-12', publisher: 'Debian', sku: '12-gen2', version: 'latest' },
      osDisk: { createOption: 'FromImage', diskSizeGB: 30, name: 'vm1_OsDisk', osType: 'Linux' },
      dataDisks: [{ lun: 0, name: 'data', diskSizeGB: 4, isUltraDisk: false }],
    },
    tagsList: [
      { name: 'Department', value: 'IT' },
      { name: 'Environment', value: 'Test' },
    ],
    userData: 'Zm9vYmFy',
    version: '12.0.1',
    vmSize: 'Standard_B2s',
  },
  network: {
    interface: [
      {
        ipv4: {
          ipAddress: [{ privateIpAddress: '10.0.0.4' }],
          subnet: [{ address: '10.0.0.0', prefix: 24 }],
        },
        macAddress: '000D3AF806EC',
      },
    ],
  },
}

const of = machine({ instance: facts })

const ask = (elements: string, query: string) =>
  instanceAnswer(parseQuery(query), of, elements === '' ? [] : elements.split('/'))

const network = {
  interface: [
    {
      ipv4: {
        ipAddress: [{ privateIpAddress: '10.0.0.4', publicIpAddress: '' }],
        subnet: [{ address: '10.0.0.0', prefix: '24' }],
      },
      ipv6: { ipAddress: [] },
      macAddress: '000D3AF806EC',
    },
  ],
}

test('the oldest document has the fields of its day', () => {
  assert.deepEqual(instanceDocument(of, '2017-04-02'), {
    compute: {
      location: 'westeurope',
      name: 'vm1',
      offer: 'debian-12',
      osType: 'Linux',
      platformFaultDomain: '0',
      platformUpdateDomain: '0',
      publisher: 'Debian',
      sku: '12-gen2',
      version: '12.0.1',
      vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
      vmSize: 'Standard_B2s',
    },
    network,
  })
})

test('the newest document has every field, each a string, and an empty one where there is nothing to say', () => {
  const disk = {
    caching: '',
    image: { uri: '' },
    managedDisk: { id: '', storageAccountType: '' },
    vhd: { uri: '' },
    writeAcceleratorEnabled: '',
  }
  assert.deepEqual(instanceDocument(of, '2025-04-07'), {
    compute: {
      additionalCapabilities: { hibernationEnabled: '' },
      azEnvironment: 'AzurePublicCloud',
      customData: '',
      evictionPolicy: '',
      extendedLocation: { name: '', type: '' },
      host: { id: '' },
      hostGroup: { id: '' },
      isHostCompatibilityLayerVm: '',
      licenseType: '',
      location: 'westeurope',
      name: 'vm1',
      offer: 'debian-12',
      osProfile: { adminUsername: 'azureuser', computerName: 'vm1', disablePasswordAuthentication: 'true' },
      osType: 'Linux',
      physicalZone: '',
      placementGroupId: '',
      plan: { name: '', product: '', publisher: '' },
      platformFaultDomain: '0',
      platformSubFaultDomain: '',
      platformUpdateDomain: '0',
      priority: 'Regular',
      provider: 'Microsoft.Compute',
      publicKeys: [{ keyData: 'ssh-ed25519 AAAA', path: '/home/azureuser/.ssh/authorized_keys' }],
      publisher: 'Debian',
      resourceGroupName: 'rg1',
      resourceId: `${group}/providers/Microsoft.Compute/virtualMachines/vm1`,
      securityProfile: {
        encryptionAtHost: '',
        secureBootEnabled: 'false',
        securityType: '',
        virtualTpmEnabled: 'false',
      },
      sku: '12-gen2',
      storageProfile: {
        dataDisks: [
          {
            ...disk,
            bytesPerSecondThrottle: '',
            createOption: '',
            diskCapacityBytes: '',
            diskSizeGB: '4',
            isSharedDisk: '',
            isUltraDisk: 'false',
            lun: '0',
            name: 'data',
            opsPerSecondThrottle: '',
          },
        ],
        imageReference: {
          communityGalleryImageId: '',
          exactVersion: '',
          id: '',
          offer: 'debian-12',
          publisher: 'Debian',
          sharedGalleryImageId: '',
          sku: '12-gen2',
          version: 'latest',
        },
        osDisk: {
          ...disk,
          createOption: 'FromImage',
          diffDiskSettings: { option: '' },
          diskSizeGB: '30',
          encryptionSettings: {
            diskEncryptionKey: { secretUrl: '', sourceVault: { id: '' } },
            enabled: '',
            keyEncryptionKey: { keyUrl: '', sourceVault: { id: '' } },
          },
          name: 'vm1_OsDisk',
          osType: 'Linux',
        },
        resourceDisk: { size: '0' },
      },
      subscriptionId: '8d10da13-8125-4ba9-a717-bf7490507b3d',
      tags: 'Department:IT;Environment:Test',
      tagsList: [
        { name: 'Department', value: 'IT' },
        { name: 'Environment', value: 'Test' },
      ],
      userData: 'Zm9vYmFy',
      version: '12.0.1',
      virtualMachineScaleSet: { id: '' },
      vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
      vmScaleSetName: '',
      vmSize: 'Standard_B2s',
      zone: '',
    },
    network,
  })
})

test('a part appears with its own version inside a parent that is older', () => {
  const osProfile = (version: string) => JSON.parse(ask('compute', `api-version=${version}`).body).osProfile
  assert.equal(osProfile('2020-06-01'), undefined)
  assert.deepEqual(osProfile('2020-07-15'), { adminUsername: 'azureuser', computerName: 'vm1' })
  assert.equal(osProfile('2020-10-01').disablePasswordAuthentication, 'true')
})

test('no later document lacks what an earlier one had', () => {
  const paths = (value: unknown, at = ''): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) => paths(part, `${at}/${name}`))
      : [at]
  let earlier: string[] = []
  for (const version of apiVersions) {
    const later = paths(instanceDocument(of, version))
    assert.deepEqual(
      earlier.filter(path => !later.includes(path)),
      [],
    )
    earlier = later
  }
})

const v = 'api-version=2021-02-01'
const jsonParts: [elements: string, expected: unknown][] = [
  ['network', network],
  ['network/interface', network.interface],
  ['network/interface/0/ipv4/subnet/0', { address: '10.0.0.0', prefix: '24' }],
  ['network/interface/0/ipv6/ipAddress', []],
  ['compute/tagsList/1', { name: 'Environment', value: 'Test' }],
]

for (const [elements, expected] of jsonParts) {
  test(`/metadata/instance/${elements} is answered as JSON, asked for or not`, () => {
    for (const query of [v, `${v}&format=json`]) {
      const { status, headers, body } = ask(elements, query)
      assert.deepEqual([status, headers['content-type']], [200, 'application/json; charset=utf-8'])
      assert.deepEqual(JSON.parse(body), expected)
    }
  })
}

const textParts: [elements: string, expected: string][] = [
  ['', 'compute/\nnetwork/'],
  ['compute/osProfile', 'adminUsername\ncomputerName\ndisablePasswordAuthentication'],
  ['compute/plan', 'name\nproduct\npublisher'],
  ['network/interface', '0/'],
  ['network/interface/0', 'ipv4/\nipv6/\nmacAddress'],
  ['network/interface/0/ipv6/ipAddress', ''],
  ['network/interface/0/ipv4/ipAddress/0/privateIpAddress', '10.0.0.4'],
  ['network/interface/0/ipv4/ipAddress/0/publicIpAddress', ''],
  ['compute/vmId', '02aab8a4-74ef-476e-8182-f6d2ba4166a6'],
  ['compute/azEnvironment', 'AzurePublicCloud'],
  ['compute/tags', 'Department:IT;Environment:Test'],
]

for (const [elements, expected] of textParts) {
  test(`/metadata/instance/${elements} is answered as text when asked for`, () => {
    const { status, headers, body } = ask(elements, `${v}&format=text`)
    assert.deepEqual([status, headers['content-type'], body], [200, 'text/plain; charset=utf-8', expected])
  })
}

const refusals: [elements: string, query: string, status: number][] = [
  ['compute/vmId', v, 400],
  ['compute/vmId', `${v}&format=json`, 400],
  ['compute', `${v}&format=xml`, 400],
  ['compute', `${v}&format=`, 400],
  ['', '', 400],
  ['', 'api-version=2017-03-01', 400],
  ['', 'api-version=latest', 400],
  ['nothing', v, 404],
  ['compute/vmid', `${v}&format=text`, 404],
  ['compute/vmId/0', `${v}&format=text`, 404],
  ['compute/vmId/length', `${v}&format=text`, 404],
  ['compute/host/id', 'api-version=2021-11-01&format=text', 404],
  ['compute/constructor', v, 404],
  ['compute/__proto__', v, 404],
  ['compute//vmId', `${v}&format=text`, 404],
  ['compute/%76mId', `${v}&format=text`, 404],
  ['network/interface/1', v, 404],
  ['network/interface/-1', v, 404],
  ['network/interface/00', v, 404],
  ['network/interface/length', `${v}&format=text`, 404],
  ['network/interface/map', v, 404],
]

for (const [elements, query, status] of refusals) {
  test(`/metadata/instance/${elements}?${query} is refused with ${status}`, () => {
    assert.throws(
      () => ask(elements, query),
      (error: unknown) => error instanceof Refusal && (error.wording.status ?? 400) === status,
    )
  })
}
