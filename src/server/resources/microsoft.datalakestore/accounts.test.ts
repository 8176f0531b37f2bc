import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'

const version = 'api-version=2016-11-01'

async function withGroup(lazuli: OpenLazuli) {
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  const send = async (method: string, path: string, body?: unknown, query = version) => {
    const response = await lazuli.request(method, `${path}?${query}`, { token, body })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  for (const one of [group, `${lazuli.subscription}/resourceGroups/other`]) {
    await send('PUT', one, { location: 'westus' }, 'api-version=2021-04-01')
  }
  return { group, id: `${group}/providers/Microsoft.DataLakeStore/accounts/lake1`, send }
}

const wish = { location: 'West US', properties: {} }

test('an account is made, shown, changed and removed', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  const made = await send('PUT', id, { ...wish, tags: { a: 'b' } })
  assert.equal(made.status, 200)
  const { accountId, creationTime, lastModifiedTime } = made.body.properties
  assert.match(accountId, /^[0-9a-f-]{36}$/)
  assert.match(creationTime, /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(made.body, {
    ...{ id, name: 'lake1', type: 'Microsoft.DataLakeStore/accounts', location: 'westus', tags: { a: 'b' } },
    properties: {
      encryptionState: 'Enabled',
      encryptionConfig: { type: 'ServiceManaged' },
      firewallState: 'Disabled',
      firewallAllowAzureIps: 'Disabled',
      trustedIdProviderState: 'Disabled',
      newTier: 'Consumption',
      currentTier: 'Consumption',
      provisioningState: 'Succeeded',
      state: 'Active',
      endpoint: 'lake1.azuredatalakestore.net',
      ...{ accountId, creationTime, lastModifiedTime },
    },
  })
  assert.deepEqual((await send('GET', id)).body, made.body)
  const patched = await send('PATCH', id, { tags: { c: 'd' }, properties: { firewallState: 'Enabled' } })
  assert.deepEqual(patched.body, {
    ...made.body,
    tags: { c: 'd' },
    properties: {
      ...made.body.properties,
      firewallState: 'Enabled',
      lastModifiedTime: patched.body.properties.lastModifiedTime,
    },
  })
  assert.equal((await send('DELETE', id)).status, 200)
  assert.equal((await send('GET', id)).status, 404)
  assert.equal((await send('DELETE', id)).status, 204)
  assert.equal((await send('PUT', id, wish)).status, 200)
})

test('a name that is none, or is taken in another group, is refused', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  const bad = await send('PUT', id.replace('lake1', 'Bad-Name'), wish)
  assert.deepEqual([bad.status, bad.body.error.code], [400, 'AccountNameInvalid'])
  await send('PUT', id, wish)
  const taken = await send('PUT', id.replace('/g/', '/other/'), wish)
  assert.deepEqual([taken.status, taken.body.error.code], [409, 'AccountAlreadyExists'])

  const check = `${lazuli.subscription}/providers/Microsoft.DataLakeStore/locations/westus/checkNameAvailability`
  const ask = async (name: string) =>
    (await send('POST', check, { name, type: 'Microsoft.DataLakeStore/accounts' })).body
  assert.deepEqual(await ask('lake2'), { nameAvailable: true })
  assert.deepEqual(await ask('lake1'), {
    ...{ nameAvailable: false, reason: 'AlreadyExists' },
    message: "An account named 'lake1' already exists.",
  })
  assert.deepEqual(await ask('No'), {
    ...{ nameAvailable: false, reason: 'Invalid' },
    message: 'An account name has 3 to 24 lower-case letters and digits.',
  })
})

test('rules of an account are kept with it, and go with it', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  await send('PUT', id, wish)
  const rules = {
    firewallRules: { startIpAddress: '10.0.0.1', endIpAddress: '10.0.0.9' },
    virtualNetworkRules: { subnetId: `${lazuli.subscription}/x/virtualNetworks/v/subnets/s` },
    trustedIdProviders: { idProvider: 'https://sts.windows.net/1' },
  }
  for (const [kind, properties] of Object.entries(rules)) {
    const made = await send('PUT', `${id}/${kind}/one`, { properties })
    const type = `Microsoft.DataLakeStore/accounts/${kind}`
    assert.deepEqual(made, { status: 200, body: { id: `${id}/${kind}/one`, name: 'one', type, properties } })
    assert.deepEqual((await send('GET', `${id}/${kind}`)).body, { value: [made.body] })
  }
  for (const [start, end] of [
    ['10.0.0.9', '10.0.0.1'],
    ['x', '10.0.0.1'],
    ['::1', '::2'],
  ]) {
    const properties = { startIpAddress: start, endIpAddress: end }
    assert.equal((await send('PUT', `${id}/firewallRules/two`, { properties })).status, 400)
  }
  await send('DELETE', id)
  await send('PUT', id, wish)
  assert.deepEqual((await send('GET', `${id}/firewallRules`)).body, { value: [] })
})

test('what is not there is not promised: keys of a user', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  const userManaged = { ...wish, properties: { encryptionConfig: { type: 'UserManaged' } } }
  assert.equal((await send('PUT', id, userManaged)).status, 400)
  await send('PUT', id, wish)
  assert.equal((await send('POST', `${id}/enableKeyVault`)).status, 400)
})
