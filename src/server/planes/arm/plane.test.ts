import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const things = '/subscriptions/s/resourceGroups/g/providers'

for (const [method, path, code, message] of [
  [
    'GET',
    `${things}/Microsoft.Compute/teapots/t`,
    'InvalidResourceType',
    "The resource type 'teapots' could not be found in the namespace 'Microsoft.Compute' for api version '2020-01-01'.",
  ],
  [
    'POST',
    `${things}/microsoft.compute/virtualMachines/vm/extensions/e/brew`,
    'InvalidResourceType',
    "The resource type 'virtualMachines/extensions/brew' could not be found in the namespace 'microsoft.compute' for api version '2020-01-01'.",
  ],
  ['GET', `${things}/No.Such/teapots/t`, 'InvalidResourceNamespace', "The resource namespace 'No.Such' is invalid."],
  [
    'GET',
    '/subscriptions/s/teapots',
    'InvalidResourceType',
    "The resource type 'teapots' could not be found in the namespace 'Microsoft.Resources' for api version '2020-01-01'.",
  ],
  [
    'GET',
    '/teapots/%zz',
    'MissingSubscription',
    'The request did not have a subscription or a valid tenant level resource provider.',
  ],
] as const) {
  test(`${method} ${path} is not found, as ${code}`, async t => {
    const lazuli = await openLazuli(t)
    const response = await lazuli.request(method, `${path}?api-version=2020-01-01`, {
      token: await lazuli.adminToken(),
    })
    assert.equal(response.status, 404)
    assert.deepEqual(await response.json(), { error: { code, message } })
  })
}

for (const [method, path, operation, type] of [
  ['DELETE', 'vaults/v/secrets/s', 'delete', 'vaults/secrets'],
  ['DELETE', 'vaults/v/keys/k', 'delete', 'vaults/keys'],
  ['PUT', 'Vaults/v/Keys/k/Versions/x', 'write', 'Vaults/Keys/Versions'],
  ['GET', 'vaults/v/accessPolicies/add', 'read', 'vaults/accessPolicies'],
] as const) {
  test(`${method} of ${type} is not allowed to anybody`, async t => {
    const lazuli = await openLazuli(t)
    const url = `${things}/Microsoft.KeyVault/${path}?api-version=2023-07-01`
    const response = await lazuli.request(method, url, { token: await lazuli.adminToken() })
    const message = `The operation '${operation}' on resource type '${type}' is disallowed.`
    const error = { code: 'DisallowedResourceOperation', message }
    assert.deepEqual([response.status, await response.json()], [400, { error }])
  })
}

test('a path that begins with two slashes is the one with one', async t => {
  const lazuli = await openLazuli(t)
  const url = `https://management.azure.com//subscriptions/${lazuli.directory.subscriptionId}?api-version=2022-12-01`
  assert.equal((await lazuli.request('GET', url, { token: await lazuli.adminToken() })).status, 200)
})

test('who has no token, or one that does not fit, is told how to get one', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const stale = await lazuli.adminToken()
  const other = await lazuli.adminToken('https://vault.azure.net')
  const url = '/subscriptions?api-version=2022-12-01'
  const heard = async (sent: string | undefined) => {
    const response = await lazuli.request('GET', url, { token: sent })
    const { error } = (await response.json()) as { error: { code: string } }
    return [response.status, error.code, response.headers.get('www-authenticate')]
  }
  const challenge = (text: string) =>
    `Bearer authorization_uri="https://login.windows.net/${lazuli.directory.tenantId}", error="invalid_token", error_description="${text}"`
  assert.deepEqual(await heard(undefined), [
    401,
    'AuthenticationFailed',
    challenge("The authentication failed because of missing 'Authorization' header."),
  ])
  assert.deepEqual(await heard(`${token}x`), [
    401,
    'InvalidAuthenticationToken',
    challenge('The access token is invalid.'),
  ])
  assert.deepEqual(await heard(other), [
    401,
    'InvalidAuthenticationTokenAudience',
    challenge('The access token has been obtained for the wrong audience.'),
  ])
  lazuli.clock.forwardBy(86_400_000)
  assert.deepEqual(await heard(stale), [401, 'ExpiredAuthenticationToken', challenge('The access token is expired.')])
})
