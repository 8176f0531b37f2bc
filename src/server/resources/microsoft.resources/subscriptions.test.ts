import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const version = 'api-version=2022-12-01'

type List = { value: { subscriptionId: string }[] }

test('the tenant is described to everybody who has a token of it', async t => {
  const lazuli = await openLazuli(t)
  const { token } = await lazuli.principal()
  const { tenantId, tenantDomain } = lazuli.directory
  const response = await lazuli.request('GET', `/tenants?${version}`, { token })
  assert.deepEqual(await response.json(), {
    value: [
      {
        id: `/tenants/${tenantId}`,
        tenantId,
        countryCode: 'US',
        displayName: 'Lazuli',
        domains: [tenantDomain],
        tenantCategory: 'Home',
        defaultDomain: tenantDomain,
        tenantType: 'AAD',
      },
    ],
  })
  const old = await lazuli.request('GET', '/tenants?api-version=2016-06-01', { token })
  assert.deepEqual(await old.json(), { value: [{ id: `/tenants/${tenantId}`, tenantId }] })
})

test('a subscription is shown in the shape of the version', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const { subscriptionId, tenantId } = lazuli.directory
  const common = {
    id: lazuli.subscription,
    subscriptionId,
    displayName: 'Lazuli',
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Internal_2014-09-01',
      quotaId: 'Internal_2014-09-01',
      spendingLimit: 'Off',
    },
    authorizationSource: 'RoleBased',
  }
  const recent = { ...common, tenantId, managedByTenants: [] }
  const listed = await lazuli.request('GET', `/subscriptions?${version}`, { token })
  assert.deepEqual(await listed.json(), { value: [recent], count: { type: 'Total', value: 1 } })
  const read = await lazuli.request('GET', `${lazuli.subscription}?${version}`, { token })
  assert.deepEqual(await read.json(), recent)
  const old = await lazuli.request('GET', `${lazuli.subscription}?api-version=2016-06-01`, { token })
  assert.deepEqual(await old.json(), common)
})

test('a subscription is seen by who holds a role on anything in it, and by nobody else', async t => {
  const lazuli = await openLazuli(t)
  const insider = await lazuli.principal({
    roles: [{ role: 'Reader', scope: `${lazuli.subscription}/resourceGroups/g` }],
  })
  const outsider = await lazuli.principal({ roles: [{ role: 'Owner', scope: `/subscriptions/${randomUUID()}` }] })
  const stranger = await lazuli.principal()
  for (const [who, count, status] of [
    [insider, 1, 200],
    [outsider, 0, 403],
    [stranger, 0, 403],
  ] as const) {
    const listed = await lazuli.request('GET', `/subscriptions?${version}`, { token: who.token })
    assert.equal(((await listed.json()) as List).value.length, count)
    const read = await lazuli.request('GET', `${lazuli.subscription}?${version}`, { token: who.token })
    assert.equal(read.status, status)
  }
})

test('locations have one shape now and had another before', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const first = async (apiVersion: string) => {
    const response = await lazuli.request('GET', `${lazuli.subscription}/locations?api-version=${apiVersion}`, {
      token,
    })
    return ((await response.json()) as { value: unknown[] }).value[0]
  }
  const id = `${lazuli.subscription}/locations/westus`
  assert.deepEqual(await first('2022-12-01'), {
    id,
    name: 'westus',
    type: 'Region',
    displayName: 'West US',
    regionalDisplayName: '(US) West US',
    metadata: {
      regionType: 'Physical',
      regionCategory: 'Recommended',
      geography: 'United States',
      geographyGroup: 'US',
      longitude: '-122.417',
      latitude: '37.783',
      physicalLocation: 'California',
      pairedRegion: [{ name: 'eastus', id: `${lazuli.subscription}/locations/eastus` }],
    },
  })
  assert.deepEqual(await first('2016-06-01'), {
    id,
    name: 'westus',
    displayName: 'West US',
    longitude: '-122.417',
    latitude: '37.783',
  })
})

const aliases = '/providers/Microsoft.Subscription/aliases'
const aliasVersion = 'api-version=2021-10-01'

test('a new subscription belongs to who made it, and outlives its alias', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const body = { properties: { displayName: 'Second', workload: 'DevTest' } }
  const created = await lazuli.request('PUT', `${aliases}/second?${aliasVersion}`, { token, body })
  assert.equal(created.status, 201)
  const alias = (await created.json()) as { properties: { subscriptionId: string } }
  const { subscriptionId } = alias.properties
  assert.deepEqual(alias, {
    id: `${aliases}/second`,
    name: 'second',
    type: 'Microsoft.Subscription/aliases',
    properties: { subscriptionId, provisioningState: 'Succeeded' },
  })

  const again = await lazuli.request('PUT', `${aliases}/second?${aliasVersion}`, { token, body })
  assert.deepEqual([again.status, await again.json()], [200, alias])
  const assignments = await lazuli.request(
    'GET',
    `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01`,
    { token },
  )
  const scopes = ((await assignments.json()) as { value: { properties: { scope: string } }[] }).value
  assert.ok(scopes.some(({ properties }) => properties.scope === `/subscriptions/${subscriptionId}`))

  const listed = await lazuli.request('GET', `${aliases}?${aliasVersion}`, { token })
  assert.deepEqual(await listed.json(), { value: [alias] })
  assert.equal((await lazuli.request('DELETE', `${aliases}/second?${aliasVersion}`, { token })).status, 200)
  assert.equal((await lazuli.request('GET', `${aliases}/second?${aliasVersion}`, { token })).status, 404)
  const read = await lazuli.request('GET', `/subscriptions/${subscriptionId}?${version}`, { token })
  assert.equal(((await read.json()) as { displayName: string }).displayName, 'Second')
})

test('an alias can name a subscription that is there, and none that is not', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const { subscriptionId } = lazuli.directory
  const put = (name: string, properties: unknown) =>
    lazuli.request('PUT', `${aliases}/${name}?${aliasVersion}`, { token, body: { properties } })
  assert.equal((await put('first', { subscriptionId })).status, 201)
  assert.equal((await put('none', { subscriptionId: randomUUID() })).status, 404)
  assert.equal((await put('bad', { subscriptionId: 'x' })).status, 400)
})

test('who is no owner at the root makes no subscription', async t => {
  const lazuli = await openLazuli(t)
  const { token } = await lazuli.principal({ roles: [{ role: 'Owner', scope: lazuli.subscription }] })
  const response = await lazuli.request('PUT', `${aliases}/x?${aliasVersion}`, { token, body: {} })
  assert.equal(response.status, 403)
})
