import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { openAsyncWork } from '../../arm/async-work.ts'
import { defineResource, type ResourceType } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { deleteResourceGroup } from './resource-group-deletion.ts'

const arrange = systemGrant('arrange a test')
const groupVersion = 'api-version=2021-04-01'
const identityVersion = 'api-version=2023-01-31'

async function open(t: TestContext, folder?: string) {
  const lazuli = await openLazuli(t, folder === undefined ? {} : { folder })
  const token = await lazuli.adminToken()
  return {
    lazuli,
    token,
    group: `${lazuli.subscription}/resourceGroups/g`,
    ask: (method: string, url: string, body?: unknown) => lazuli.request(method, url, { token, body }),
  }
}

type Asking = Awaited<ReturnType<typeof open>>['ask']

/** Polls as clients do, without their pause. */
async function followed(
  ask: (method: string, url: string) => Promise<Response>,
  accepted: Response,
): Promise<Response> {
  assert.equal(accepted.status, 202)
  let response = accepted
  while (response.status === 202) {
    assert.equal(response.headers.get('retry-after'), '1')
    const location = response.headers.get('location')
    assert.ok(location)
    await new Promise(resolve => setImmediate(resolve))
    response = await ask('GET', location)
  }
  return response
}

async function makeGroupWithIdentity(ask: Asking, group: string): Promise<{ principalId: string }> {
  await ask('PUT', `${group}?${groupVersion}`, { location: 'westus' })
  const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`
  const made = await ask('PUT', `${identity}?${identityVersion}`, { location: 'westus' })
  assert.equal(made.status, 201)
  return ((await made.json()) as { properties: { principalId: string } }).properties
}

test('deleting a group takes its resources, their principals and the roles in it', async t => {
  const { lazuli, group, ask } = await open(t)
  const { principalId } = await makeGroupWithIdentity(ask, group)
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: group }] })

  const accepted = await ask('DELETE', `${group}?${groupVersion}`)
  assert.equal(await accepted.clone().text(), '')
  assert.equal((await followed(ask, accepted)).status, 200)

  assert.equal((await ask('GET', `${group}?${groupVersion}`)).status, 404)
  assert.equal(await lazuli.store.principals.get(arrange, { objectId: principalId }), undefined)
  assert.deepEqual(await lazuli.store.roles.assignmentsOf(arrange, reader.objectId), [])
  const again = await ask('PUT', `${group}?${groupVersion}`, { location: 'eastus' })
  assert.equal(again.status, 201, 'the name is free again')
})

test('whoever may delete the group by a role in it may follow the deletion to its end', async t => {
  const { lazuli, group, ask } = await open(t)
  await makeGroupWithIdentity(ask, group)
  const owner = await lazuli.principal({ roles: [{ role: 'Owner', scope: group }] })
  const asOwner = (method: string, url: string) => lazuli.request(method, url, { token: owner.token })
  const accepted = await asOwner('DELETE', `${group}?${groupVersion}`)
  assert.equal((await followed(asOwner, accepted)).status, 200)

  const stranger = await lazuli.principal()
  const peeking = await lazuli.request('GET', accepted.headers.get('location') ?? '', { token: stranger.token })
  assert.equal(peeking.status, 404)
})

/** Marks the group as being deleted and plans the work, as a server does that is killed right after its answer. */
async function promiseDeletion({ store }: OpenLazuli, group: string): Promise<void> {
  await store.write(async tx => {
    const row = await tx.resources.get(arrange, resourceId(group))
    assert.ok(row)
    await tx.resources.put(arrange, row.id, { ...row.body, properties: { provisioningState: 'Deleting' } })
    await tx.asyncOperations.put(arrange, {
      id: 'promised',
      kind: 'Microsoft.Resources/resourceGroups/delete',
      subscriptionId: row.id.subscriptionId,
      target: row.id.text,
      status: 'InProgress',
      createdAt: 1,
    })
  })
}

test('a deletion that a crash interrupted goes on at the next start', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const first = await open(t, folder)
  const { principalId } = await makeGroupWithIdentity(first.ask, first.group)
  await promiseDeletion(first.lazuli, first.group)
  await first.lazuli.close()

  const second = await open(t, folder)
  const poll = `${second.lazuli.subscription}/providers/Microsoft.Resources/locations/global/operationResults/promised?${groupVersion}`
  const accepted = new Response(null, { status: 202, headers: { location: poll, 'retry-after': '1' } })
  assert.equal((await followed(second.ask, accepted)).status, 200)
  assert.equal((await second.ask('GET', `${second.group}?${groupVersion}`)).status, 404)
  assert.equal(await second.lazuli.store.principals.get(arrange, { objectId: principalId }), undefined)
})

test('nothing can be made in a group that is being deleted, nor the group changed', async t => {
  const { lazuli, group, ask } = await open(t)
  await makeGroupWithIdentity(ask, group)
  await promiseDeletion(lazuli, group)
  const expected = {
    error: {
      code: 'ResourceGroupBeingDeleted',
      message: "The resource group 'g' is in deprovisioning state and cannot perform this operation.",
    },
  }
  for (const [method, url, body] of [
    [
      'PUT',
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id2?${identityVersion}`,
      { location: 'westus' },
    ],
    ['PUT', `${group}?${groupVersion}`, { location: 'westus' }],
    ['PATCH', `${group}?${groupVersion}`, { tags: {} }],
  ] as const) {
    const response = await ask(method, url, body)
    assert.equal(response.status, 409)
    assert.deepEqual(await response.json(), expected)
  }
})

test('a group that is being deleted can be deleted again', async t => {
  const { group, ask } = await open(t)
  await makeGroupWithIdentity(ask, group)
  const [one, two] = await Promise.all([
    ask('DELETE', `${group}?${groupVersion}`),
    ask('DELETE', `${group}?${groupVersion}`),
  ])
  for (const accepted of [one, two]) assert.equal((await followed(ask, accepted)).status, 200)
})

/** Resource types of which one holds on to the other, and one cannot be deleted at all. */
function typesWithOrder(order: string[]): { types: ResourceType[]; stuck: { value: boolean } } {
  const stuck = { value: false }
  const plain = {
    apiVersions: ['2020-01-01'],
    location: 'none',
    properties: {} as never,
    put: () => ({ body: { properties: {} } }),
  } as const
  const types = [
    defineResource({
      ...plain,
      type: 'Test.Net/interfaces',
      async remove({ tx, id }) {
        const holder = resourceId(id.text.replace('Test.Net/interfaces', 'Test.Compute/holders'))
        if (await tx.resources.get(arrange, holder)) throw new AzureError(409, 'InUse', 'The interface is in use.')
        order.push('interface')
        return {}
      },
    }),
    defineResource({
      ...plain,
      type: 'Test.Compute/holders',
      remove: () => ({ work: {} }),
      work: {
        async delete() {
          if (stuck.value) throw new AzureError(409, 'Stuck', 'It does not want to go.')
          order.push('holder')
        },
      },
    }),
  ]
  return { types, stuck }
}

async function groupWithHolder(t: TestContext, stuckAtFirst: boolean) {
  const order: string[] = []
  const { types, stuck } = typesWithOrder(order)
  stuck.value = stuckAtFirst
  const { lazuli, group } = await open(t)
  const { store, clock, parts } = lazuli
  await store.write(async tx => {
    for (const id of [group, `${group}/providers/Test.Net/interfaces/x`, `${group}/providers/Test.Compute/holders/x`])
      await tx.resources.put(arrange, resourceId(id), { properties: { provisioningState: 'Succeeded' } })
  })
  const asyncWork = openAsyncWork({ store, clock, log: parts.log })
  const job = { ...parts, asyncWork }
  await asyncWork.resume(kind => {
    if (kind === 'Microsoft.Resources/resourceGroups/delete')
      return (operation, resource) => deleteResourceGroup({ ...job, operation, resource }, types)
    const work = types.find(({ type }) => `${type}/delete` === kind)?.work?.delete
    return work && ((operation, resource) => work({ ...job, operation, resource }))
  })
  const deleteGroup = async () => {
    const operation = await store.write(tx =>
      asyncWork.plan(tx, arrange, { kind: 'Microsoft.Resources/resourceGroups/delete', target: group }),
    )
    return asyncWork.begin(operation)
  }
  return { order, stuck, store, group: resourceId(group), deleteGroup }
}

test('what is in use goes after what uses it', async t => {
  const { order, store, group, deleteGroup } = await groupWithHolder(t, false)
  const ended = await deleteGroup()
  assert.deepEqual([ended.status, order], ['Succeeded', ['holder', 'interface']])
  assert.equal(await store.resources.get(arrange, group), undefined)
})

test('a group with something that cannot be deleted stays, says so, and can be deleted later', async t => {
  const { order, stuck, store, group, deleteGroup } = await groupWithHolder(t, true)
  const ended = await deleteGroup()
  assert.equal(ended.status, 'Failed')
  assert.deepEqual(ended.error, {
    code: 'ResourceGroupDeletionBlocked',
    message: `Deletion of resource group 'g' failed as resources with identifiers 'Test.Compute/holders/x,Test.Net/interfaces/x' could not be deleted. The provisioning state of the resource group will be rolled back. The tracking Id is '${ended.id}'. Please check audit logs for more details.`,
  })
  const left = await store.resources.get(arrange, group)
  assert.equal(left?.body.properties.provisioningState, 'Succeeded')

  stuck.value = false
  assert.equal((await deleteGroup()).status, 'Succeeded')
  assert.deepEqual(order, ['holder', 'interface'])
})
