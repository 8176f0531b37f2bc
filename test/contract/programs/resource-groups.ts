import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManagedServiceIdentityClient } from '@azure/arm-msi'
import { ResourceManagementClient, restorePoller } from '@azure/arm-resources'
import { administrator, all, clientOptions, refusal, subscriptionId, unique } from './azure.ts'

const client = new ResourceManagementClient(administrator, subscriptionId, clientOptions)
const { resourceGroups, providers, resources } = client
const { userAssignedIdentities } = new ManagedServiceIdentityClient(administrator, subscriptionId, clientOptions)

test('a resource group is created, shown, changed, found in the list, and deleted', async () => {
  const name = unique('group')
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${name}`
  const expected = {
    id,
    name,
    type: 'Microsoft.Resources/resourceGroups',
    location: 'westeurope',
    tags: { stage: 'test' },
    properties: { provisioningState: 'Succeeded' },
  }

  assert.partialDeepStrictEqual(
    await resourceGroups.createOrUpdate(name, { location: 'West Europe', tags: { stage: 'test' } }),
    expected,
  )
  assert.partialDeepStrictEqual(await resourceGroups.get(name.toUpperCase()), expected)
  assert.equal((await resourceGroups.checkExistence(name)).body, true)
  const changed = await resourceGroups.update(name, { tags: { stage: 'live' } })
  assert.deepEqual(changed.tags, { stage: 'live' })
  assert.deepEqual(
    (await all(resourceGroups.list({ filter: "tagName eq 'stage' and tagValue eq 'live'" }))).map(group => group.id),
    [id],
  )

  await resourceGroups.delete(name)
  assert.equal((await resourceGroups.checkExistence(name)).body, false)
  await assert.rejects(resourceGroups.get(name), refusal(404, 'ResourceGroupNotFound', new RegExp(name)))
})

test('a group is deleted with everything in it, and the poller waits for that', async () => {
  const name = unique('group')
  await resourceGroups.createOrUpdate(name, { location: 'westeurope' })
  for (const identity of ['one', 'two']) {
    await userAssignedIdentities.createOrUpdate(name, identity, { location: 'westeurope' })
  }
  const inGroup = await all(resources.listByResourceGroup(name))
  assert.deepEqual(
    inGroup.map(({ name, type }) => ({ name, type })),
    ['one', 'two'].map(name => ({ name, type: 'Microsoft.ManagedIdentity/userAssignedIdentities' })),
  )

  const poller = resourceGroups.delete(name)
  await poller.submitted()
  assert.equal(poller.operationState?.status, 'running')
  await poller.pollUntilDone()

  await assert.rejects(userAssignedIdentities.get(name, 'one'), refusal(404, 'ResourceGroupNotFound'))
  assert.deepEqual(await all(resources.list({ filter: `resourceGroup eq '${name}'` })), [])
})

test('a deletion that one process has begun is followed to its end by another', async () => {
  const name = unique('group')
  await resourceGroups.createOrUpdate(name, { location: 'westeurope' })
  const state = await resourceGroups.delete(name).serialize()

  await restorePoller(client, state, resourceGroups.delete).pollUntilDone()

  assert.equal((await resourceGroups.checkExistence(name)).body, false)
})

test('groups beyond one page are all listed, each once', async () => {
  const prefix = unique('page')
  const names = Array.from({ length: 205 }, (_, i) => `${prefix}-${String(i).padStart(3, '0')}`)
  const tags = { batch: prefix }
  for (let i = 0; i < names.length; i += 16) {
    await Promise.all(
      names.slice(i, i + 16).map(name => resourceGroups.createOrUpdate(name, { location: 'westeurope', tags })),
    )
  }

  const filter = `tagName eq 'batch' and tagValue eq '${prefix}'`
  const pages: number[] = []
  const listed: string[] = []
  for await (const page of resourceGroups.list({ filter }).byPage()) {
    pages.push(page.length)
    listed.push(...page.map(group => group.name ?? ''))
  }
  assert.deepEqual(listed, names)
  assert.ok(pages.length > 1, `one page of ${pages}`)

  const few: number[] = []
  for await (const page of resourceGroups.list({ filter, top: 50 }).byPage()) few.push(page.length)
  assert.deepEqual(few, [50, 50, 50, 50, 5])
})

test('what is asked wrongly is refused with the code that Azure gives, and changes nothing', async () => {
  const name = unique('group')
  await assert.rejects(
    resourceGroups.createOrUpdate('what?', { location: 'westeurope' }),
    refusal(400, 'InvalidResourceGroup'),
  )
  await assert.rejects(
    resourceGroups.createOrUpdate('ends.with.', { location: 'westeurope' }),
    refusal(400, 'InvalidResourceGroup'),
  )
  await assert.rejects(resourceGroups.update(name, { tags: {} }), refusal(404, 'ResourceGroupNotFound'))
  await resourceGroups.createOrUpdate(name, { location: 'westeurope' })
  await assert.rejects(
    resourceGroups.createOrUpdate(name, { location: 'northeurope' }),
    refusal(409, 'InvalidResourceGroupLocation'),
  )
  assert.equal((await resourceGroups.get(name)).location, 'westeurope')

  const elsewhere = new ResourceManagementClient(administrator, '00000000-0000-0000-0000-000000000000', clientOptions)
  await assert.rejects(elsewhere.resourceGroups.get(name), refusal(404, 'SubscriptionNotFound'))
})

test('the providers say which resource types there are, and in which api-versions', async () => {
  const { namespace, registrationState, resourceTypes = [] } = await providers.get('Microsoft.ManagedIdentity')
  assert.deepEqual(
    { namespace, registrationState },
    {
      namespace: 'Microsoft.ManagedIdentity',
      registrationState: 'Registered',
    },
  )
  const type = resourceTypes.find(({ resourceType }) => resourceType === 'userAssignedIdentities')
  assert.ok(type?.apiVersions?.includes('2018-11-30'))
  const namespaces = (await all(providers.list())).map(({ namespace }) => namespace)
  for (const needed of ['Microsoft.Authorization', 'Microsoft.Compute', 'Microsoft.Resources']) {
    assert.ok(namespaces.includes(needed), needed)
  }
})
