import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'

async function withGroup(lazuli: OpenLazuli) {
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  await lazuli.request('PUT', `${group}?api-version=2021-04-01`, { token, body: { location: 'westus' } })
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/acct1`
  const send = async (method: string, path: string, body?: unknown, version = '2022-09-01') => {
    const response = await lazuli.request(method, `${path}?api-version=${version}`, { token, body })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return { id, group, send }
}

const wish = { location: 'West US', sku: { name: 'Standard_LRS' }, kind: 'StorageV2', properties: {} }

test('a storage account is made, shown and removed', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  const made = await send('PUT', id, { ...wish, tags: { a: 'b' } })
  assert.equal(made.status, 200)
  const { creationTime } = made.body.properties
  assert.deepEqual(made.body, {
    id,
    name: 'acct1',
    type: 'Microsoft.Storage/storageAccounts',
    sku: { name: 'Standard_LRS', tier: 'Standard' },
    kind: 'StorageV2',
    location: 'westus',
    tags: { a: 'b' },
    properties: {
      accessTier: 'Hot',
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: true,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
      networkAcls: { bypass: 'AzureServices', virtualNetworkRules: [], ipRules: [], defaultAction: 'Allow' },
      encryption: {
        services: { blob: { enabled: true, keyType: 'Account', lastEnabledTime: creationTime } },
        keySource: 'Microsoft.Storage',
      },
      keyCreationTime: { key1: creationTime, key2: creationTime },
      privateEndpointConnections: [],
      provisioningState: 'Succeeded',
      creationTime,
      primaryLocation: 'westus',
      statusOfPrimary: 'available',
      primaryEndpoints: { blob: 'https://acct1.blob.core.windows.net/' },
    },
  })
  assert.deepEqual((await send('GET', id)).body, made.body)
  assert.equal((await send('DELETE', id)).status, 200)
  assert.equal((await send('GET', id)).status, 404)
  assert.equal((await send('DELETE', id)).status, 204)
})

test('a name that is no account name, or is taken in another group, is refused', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  const bad = await send('PUT', id.replace('acct1', 'Bad-Name'), wish)
  assert.deepEqual([bad.status, bad.body.error.code], [400, 'AccountNameInvalid'])
  await send('PUT', id, wish)
  await send('PUT', `${lazuli.subscription}/resourceGroups/other`, { location: 'westus' }, '2021-04-01')
  const taken = await send('PUT', id.replace('/g/', '/other/'), wish)
  assert.deepEqual([taken.status, taken.body.error.code], [409, 'StorageAccountAlreadyTaken'])
  const check = `${lazuli.subscription}/providers/Microsoft.Storage/checkNameAvailability`
  const type = 'Microsoft.Storage/storageAccounts'
  assert.deepEqual((await send('POST', check, { name: 'acct1', type })).body, {
    nameAvailable: false,
    reason: 'AlreadyExists',
    message: 'The storage account named acct1 is already taken.',
  })
  assert.deepEqual((await send('POST', check, { name: 'acct2', type })).body, { nameAvailable: true })
})

test('keys are listed as the version of the request shows them, and one can be made anew', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  await send('PUT', id, wish)
  const old = await send('POST', `${id}/listKeys`, '', '2016-12-01')
  assert.equal(old.status, 200)
  const [key1, key2] = old.body.keys
  assert.deepEqual(old.body, {
    keys: [
      { keyName: 'key1', value: key1.value, permissions: 'Full' },
      { keyName: 'key2', value: key2.value, permissions: 'Full' },
    ],
  })
  assert.equal(Buffer.from(key1.value, 'base64').length, 64)
  const anew = await send('POST', `${id}/regenerateKey`, { keyName: 'key1' })
  assert.notEqual(anew.body.keys[0].value, key1.value)
  assert.deepEqual(
    [anew.body.keys[1].value, anew.body.keys[1].permissions, anew.body.keys.length],
    [key2.value, 'FULL', 2],
  )
  const wrong = await send('POST', `${id}/regenerateKey`, { keyName: 'key3' })
  assert.deepEqual([wrong.status, wrong.body.error.code], [400, 'InvalidValuesForRequestParameters'])
  assert.deepEqual((await send('POST', `${id}/listKeys`)).body, anew.body)
})

test('a PATCH changes what it names and leaves the rest', async t => {
  const lazuli = await openLazuli(t)
  const { id, send } = await withGroup(lazuli)
  await send('PUT', id, { ...wish, properties: { accessTier: 'Cool' } })
  const patched = await send('PATCH', id, { properties: { allowSharedKeyAccess: false } })
  assert.deepEqual(
    [patched.status, patched.body.properties.allowSharedKeyAccess, patched.body.properties.accessTier],
    [200, false, 'Cool'],
  )
})
