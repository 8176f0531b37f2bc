import assert from 'node:assert/strict'
import { unique } from './arrange.ts'
import { inBothWays } from './az.ts'

inBothWays('az manages resource groups and lists what is in them', async (t, { az, refusal, lazuli }) => {
  const { subscriptionId } = lazuli.env

  await t.test('a group is made, found, tagged and listed', async () => {
    const name = unique('group')
    const made = {
      id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
      location: 'westeurope',
      managedBy: null,
      name,
      properties: { provisioningState: 'Succeeded' },
      tags: { team: 'blue' },
      type: 'Microsoft.Resources/resourceGroups',
    }
    assert.deepEqual(await az(`group create -n ${name} -l westeurope --tags team=blue`), made)
    assert.deepEqual(await az(`group show -n ${name.toUpperCase()}`), made)
    assert.equal(await az(`group exists -n ${name}`), true)

    assert.deepEqual((await az(`group update -n ${name} --tags team=red stage=`)).tags, { team: 'red', stage: '' })
    assert.deepEqual((await az(`group update -n ${name} --set tags.cost=7`)).tags, {
      team: 'red',
      stage: '',
      cost: '7',
    })
    assert.deepEqual(await az("group list --tag cost=7 --query '[].name'"), [name])
    await az(`group delete -n ${name} --yes`)
    assert.equal(await az(`group exists -n ${name}`), false)
  })

  await t.test('a deletion that nobody waits for is done, too', async () => {
    const name = unique('group')
    await az(`group create -n ${name} -l westeurope`)
    await az(`identity create -g ${name} -n inside`)
    assert.equal(await az(`group delete -n ${name} --yes --no-wait`), undefined)
    await az(`group wait -n ${name} --deleted`)
    assert.equal(await az(`group exists -n ${name}`), false)
  })

  await t.test('a group that is not there ends az with exit code 3', async () => {
    const { exitCode, said } = await refusal('group show -n missing')
    assert.equal(exitCode, 3)
    assert.match(said, /^ERROR: \(ResourceGroupNotFound\) Resource group 'missing' could not be found\.$/m)
    assert.match((await refusal('identity create -g missing -n any')).said, /\(ResourceGroupNotFound\)/)
  })

  await t.test('resources are listed by group, by type and by tag', async () => {
    const [name, mark] = [unique('group'), unique('mark')]
    await az(`group create -n ${name} -l westeurope`)
    await az(`identity create -g ${name} -n one --tags mark=${mark}`)
    const { id } = await az(`sshkey create -g ${name} -n two --encryption-type Ed25519`)
    const types = ['Microsoft.Compute/sshPublicKeys', 'Microsoft.ManagedIdentity/userAssignedIdentities']
    assert.deepEqual((await az(`resource list -g ${name} --query '[].type'`)).sort(), types)
    assert.deepEqual(await az(`resource list -g ${name} --resource-type ${types[1]} --query '[].name'`), ['one'])
    assert.deepEqual(await az(`resource list --tag mark=${mark} --query '[].name'`), ['one'])
    assert.equal(await az(`resource show --ids ${id} --query name`), 'two')
  })

  await t.test('what the subscription can do is listed', async () => {
    const namespaces = await az("provider list --query '[].namespace'")
    for (const namespace of ['Authorization', 'Compute', 'ManagedIdentity', 'Resources'])
      assert.ok(namespaces.includes(`Microsoft.${namespace}`), namespace)
    assert.equal(await az('provider show -n Microsoft.Compute --query registrationState'), 'Registered')
    const { regionalDisplayName } = await az(`account list-locations --query "[?name=='westeurope'] | [0]"`)
    assert.equal(regionalDisplayName, '(Europe) West Europe')
  })

  await t.test('az rest takes an address that is relative to the resource manager', async () => {
    const { value } = await az("rest --url '/subscriptions?api-version=2022-12-01'")
    assert.deepEqual(
      value.map((one: { subscriptionId: string }) => one.subscriptionId),
      [subscriptionId],
    )
    const name = unique('group')
    const path = `/subscriptions/{subscriptionId}/resourceGroups/${name}?api-version=2021-04-01`
    const { location } = await az(`rest --method put --url '${path}' --body '{"location":"westus"}'`)
    assert.equal(location, 'westus')
    assert.equal((await az(`rest --url '${path}'`)).name, name)
    assert.match((await refusal(`rest --url '${path.replace('2021-04-01', '1999-01-01')}'`)).said, /InvalidApiVersion/)
  })

  // az monitor, and with it az monitor activity-log, cannot be loaded in Debian's az 2.74: "Error loading command module
  // 'monitor'". What it would ask for is asked for here.
  await t.test('the activity log says who made a group', async () => {
    const name = unique('group')
    await az(`group create -n ${name} -l westeurope`)
    const since = new Date(Date.now() - 3_600_000).toISOString()
    const filter = encodeURIComponent(`eventTimestamp ge '${since}' and resourceGroupName eq '${name}'`)
    const path = `/subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`
    const { value } = await az(`rest --url '${path}?api-version=2015-04-01&$filter=${filter}'`)
    const writes = value.filter(
      (event: { operationName: { value: string } }) =>
        event.operationName.value === 'Microsoft.Resources/subscriptions/resourceGroups/write',
    )
    assert.ok(writes.length > 0)
    for (const { caller } of writes) assert.equal(caller, lazuli.env.admin.clientId)
  })
})
