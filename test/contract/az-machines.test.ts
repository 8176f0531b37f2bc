import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { machineBody, machineId, newGroup, newMachine, unique } from './arrange.ts'
import { inBothWays } from './az.ts'

inBothWays('az keeps machines', async (t, { az, refusal, lazuli, lane }) => {
  const group = unique('group')
  const groupId = await newGroup(lazuli, group)

  await t.test('a machine is made by az rest, waited for, and shown', async () => {
    const name = unique('vm')
    const file = join(lane.home, `${name}.json`)
    await writeFile(file, JSON.stringify(machineBody()))
    const path = `${machineId(groupId, name)}?api-version=2024-07-01`
    const { properties } = await az(`rest --method put --url '${path}' --body @${file}`)
    assert.match(properties.provisioningState, /^(Creating|Succeeded)$/)
    await az(`vm wait -g ${group} -n ${name} --created`)
    assert.partialDeepStrictEqual(await az(`vm show -g ${group} -n ${name}`), {
      id: machineId(groupId, name),
      hardwareProfile: { vmSize: 'Standard_B1s' },
      location: 'westeurope',
      networkProfile: { networkInterfaces: [] },
      osProfile: { adminUsername: 'azureuser', computerName: 'vm' },
      provisioningState: 'Succeeded',
      storageProfile: { osDisk: { osType: 'Linux' } },
    })
  })

  await t.test('machines without network interfaces are listed with details', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const details = { fqdns: '', macAddresses: '', powerState: 'VM running', privateIps: '', publicIps: '' }
    assert.partialDeepStrictEqual(await az(`vm show -d -g ${group} -n ${name}`), { name, ...details })
    for (const listing of ['vm list -d', `vm list -d -g ${group}`]) {
      assert.partialDeepStrictEqual(await az(`${listing} --query "[?name=='${name}'] | [0]"`), { name, ...details })
    }
    assert.deepEqual(await az(`vm list -g ${group} --query "[?name=='${name}'].provisioningState"`), ['Succeeded'])
  })

  await t.test('a machine is stopped, started, restarted, deallocated and deleted', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const vm = `-g ${group} -n ${name}`
    const statuses = () => az(`vm get-instance-view ${vm} --query 'instanceView.statuses[].code'`)
    for (const [command, powerState] of [
      ['stop', 'stopped'],
      ['start', 'running'],
      ['restart', 'running'],
      ['deallocate', 'deallocated'],
    ] as const) {
      assert.equal(await az(`vm ${command} ${vm}`), undefined)
      assert.deepEqual(await statuses(), ['ProvisioningState/succeeded', `PowerState/${powerState}`], command)
    }
    await az(`vm delete ${vm} --yes`)
    for (const command of ['show', 'start', 'get-instance-view']) {
      const { exitCode, said } = await refusal(`vm ${command} ${vm}`)
      assert.equal(exitCode, 3, said)
      assert.match(said, new RegExp(`\\(ResourceNotFound\\) The Resource 'Microsoft.Compute/virtualMachines/${name}'`))
    }
  })

  await t.test('the tags and the size of a machine are changed, and nothing that is fixed for life', async () => {
    const { name } = await newMachine(lazuli, groupId)
    const vm = `-g ${group} -n ${name}`
    assert.deepEqual(await az(`vm update ${vm} --set tags.team=blue --query tags`), { team: 'blue' })
    assert.equal(await az(`vm resize ${vm} --size Standard_B2s --query hardwareProfile.vmSize`), 'Standard_B2s')
    const { said } = await refusal(`vm update ${vm} --set osProfile.computerName=other`)
    assert.match(said, /\(PropertyChangeNotAllowed\)/)
  })

  await t.test('what machines can be made of is listed', async () => {
    const [small] = await az(`vm list-sizes -l westeurope --query "[?name=='Standard_B1s']"`)
    assert.partialDeepStrictEqual(small, { numberOfCores: 1, memoryInMB: 1024 })
    const skus = await az(`vm list-skus -l westeurope --size Standard_B1s --query '[].[name, resourceType]'`)
    assert.deepEqual(skus, [['Standard_B1s', 'virtualMachines']])
    const urns = await az(`vm image list -l westeurope --publisher Debian --all --query '[].urn'`)
    assert.ok(urns.includes('Debian:debian-12:12-gen2:12.0.0'))
    const publishers = await az("vm image list-publishers -l westeurope --query '[].name'")
    assert.ok(['Canonical', 'Debian', 'Microsoft.OSTCExtensions'].every(name => publishers.includes(name)))
    const image = await az('vm image show -l westeurope --urn Debian:debian-12:12-gen2:latest')
    assert.partialDeepStrictEqual(image, { name: '12.0.0', osDiskImage: { operatingSystem: 'Linux' } })
    // az prints figures of usage as text.
    const used = `vm list-usage -l westeurope --query "[?name.value=='virtualMachines'].currentValue | [0]"`
    assert.ok(Number(await az(used)) > 0)
  })
})
