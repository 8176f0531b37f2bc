import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

const arrange = systemGrant('arrange a test')
const version = 'api-version=2023-01-31'

const trust = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'repo:octo/app:ref:refs/heads/main',
  audiences: ['api://AzureADTokenExchange'],
}

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  await lazuli.store.write(tx => tx.resources.put(arrange, resourceId(group), { location: 'westus', properties: {} }))
  const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-id`
  const ask = (method: string, url: string, body?: unknown) => lazuli.request(method, url, { token, body })
  await ask('PUT', `${identity}?${version}`, { location: 'westus' })
  return {
    lazuli,
    identity,
    ask,
    put: (name: string, properties: unknown) =>
      ask('PUT', `${identity}/federatedIdentityCredentials/${name}?${version}`, { properties }),
  }
}

test('a credential is kept as given, listed, updated, and gone with its identity', async t => {
  const { lazuli, identity, ask, put } = await open(t)
  const expected = {
    id: `${identity.replace('resourceGroups', 'resourcegroups')}/federatedIdentityCredentials/github`,
    name: 'github',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
    properties: trust,
  }
  const created = await put('github', trust)
  assert.equal(created.status, 201)
  assert.deepEqual(await created.json(), expected)
  const updated = await put('github', { ...trust, subject: 'other' })
  assert.equal(updated.status, 200)
  const listed = await ask('GET', `${identity}/federatedIdentityCredentials?${version}`)
  const changed = { ...expected, properties: { ...trust, subject: 'other' } }
  assert.deepEqual(await listed.json(), { value: [changed] })

  await ask('DELETE', `${identity}?${version}`)
  const id = resourceId(`${identity}/federatedIdentityCredentials/github`)
  assert.equal(await lazuli.store.resources.get(arrange, id), undefined)
  await ask('PUT', `${identity}?${version}`, { location: 'westus' })
  assert.deepEqual(await (await ask('GET', `${identity}/federatedIdentityCredentials?${version}`)).json(), {
    value: [],
  })
})

for (const [change, message] of [
  [{ audiences: [] }, 'Federated identity credentials must have exactly one audience.'],
  [{ audiences: ['a', 'b'] }, 'Federated identity credentials must have exactly one audience.'],
  [{ audiences: [' '] }, 'The audience of a federated identity credential must not be empty.'],
  [{ subject: '' }, 'The subject of a federated identity credential must not be empty.'],
  [
    { subject: 's'.repeat(601) },
    'The subject of a federated identity credential must not be longer than 600 characters.',
  ],
  [{ issuer: 'http://example.org' }, "The issuer 'http://example.org' is not an https URL."],
  [{ issuer: 'me' }, "The issuer 'me' is not an https URL."],
] as const) {
  test(`a credential is refused with: ${message} (${JSON.stringify(change).slice(0, 30)})`, async t => {
    const { put } = await open(t)
    const response = await put('bad', { ...trust, ...change })
    assert.equal(response.status, 400)
    assert.deepEqual(await response.json(), { error: { code: 'BadRequest', message } })
  })
}

test('issuer and subject are there once in an identity', async t => {
  const { put } = await open(t)
  await put('one', trust)
  const twin = await put('two', trust)
  assert.equal(twin.status, 400)
  assert.deepEqual(await twin.json(), {
    error: {
      code: 'BadRequest',
      message: 'Issuer and subject combination already exists for this Managed Identity.',
    },
  })
  assert.equal((await put('two', { ...trust, subject: trust.subject.toUpperCase() })).status, 201, 'case counts')
})

test('an identity has at most twenty of them, also when they are made at once', async t => {
  const { put } = await open(t)
  const made = await Promise.all(
    Array.from({ length: 22 }, (_, n) => put(`number-${n}`, { ...trust, subject: `s${n}` })),
  )
  assert.deepEqual(made.map(({ status }) => status).sort(), [...Array.from({ length: 20 }, () => 201), 400, 400])
})

test('a name must have the form, and the identity must be there', async t => {
  const { identity, ask, put } = await open(t)
  assert.equal((await put('ab', trust)).status, 400)
  const orphan = `${identity}x/federatedIdentityCredentials/github?${version}`
  const response = await ask('PUT', orphan, { properties: trust })
  assert.equal(response.status, 404)
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'ParentResourceNotFound')
})
