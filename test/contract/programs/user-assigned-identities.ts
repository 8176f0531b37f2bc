import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ManagedServiceIdentityClient } from '@azure/arm-msi'
import { ResourceManagementClient } from '@azure/arm-resources'
import { administrator, all, clientOptions, refusal, subscriptionId, tenantId, unique } from './azure.ts'

const { userAssignedIdentities, federatedIdentityCredentials } = new ManagedServiceIdentityClient(
  administrator,
  subscriptionId,
  clientOptions,
)
const { resourceGroups } = new ResourceManagementClient(administrator, subscriptionId, clientOptions)

const location = 'westeurope'
const group = unique('identities')
const issuer = 'https://token.example'
const audiences = ['api://AzureADTokenExchange']

before(() => resourceGroups.createOrUpdate(group, { location }))

test('an identity is made with ids of its own, which stay when it is changed', async () => {
  const name = unique('identity')
  const made = await userAssignedIdentities.createOrUpdate(group, name, { location, tags: { a: '1' } })
  assert.partialDeepStrictEqual(made, {
    id: `/subscriptions/${subscriptionId}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    name,
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    location,
    tags: { a: '1' },
    tenantId,
  })
  for (const id of [made.clientId, made.principalId]) assert.match(id ?? '', /^[0-9a-f-]{36}$/)
  assert.notEqual(made.clientId, made.principalId)

  const again = await userAssignedIdentities.createOrUpdate(group, name, { location, tags: { a: '2' } })
  assert.deepEqual(again, { ...made, tags: { a: '2' } })
  assert.deepEqual((await userAssignedIdentities.update(group, name, { tags: {} })).tags, {})
  assert.deepEqual(await userAssignedIdentities.get(group, name.toUpperCase()), { ...made, tags: {} })
  assert.deepEqual(
    (await all(userAssignedIdentities.listByResourceGroup(group))).map(({ id }) => id),
    [made.id],
  )

  await userAssignedIdentities.delete(group, name)
  await assert.rejects(userAssignedIdentities.get(group, name), refusal(404, 'ResourceNotFound'))
  // A deletion that has happened already is no failure.
  await userAssignedIdentities.delete(group, name)
})

test('identities beyond one page are all listed, each once', async () => {
  const crowded = unique('crowded')
  await resourceGroups.createOrUpdate(crowded, { location })
  const names = Array.from({ length: 201 }, (_, i) => `identity-${String(i).padStart(3, '0')}`)
  for (let i = 0; i < names.length; i += 16) {
    const some = names.slice(i, i + 16)
    await Promise.all(some.map(name => userAssignedIdentities.createOrUpdate(crowded, name, { location })))
  }
  const pages: string[][] = []
  for await (const page of userAssignedIdentities.listByResourceGroup(crowded).byPage()) {
    pages.push(page.map(({ name }) => name ?? ''))
  }
  assert.deepEqual(pages.flat(), names)
  assert.ok(pages.length > 1)
  const everywhere = await all(userAssignedIdentities.listBySubscription())
  assert.equal(everywhere.filter(({ id }) => id?.includes(`/${crowded}/`)).length, names.length)
})

test('what an identity cannot be called, or where it cannot be, is refused', async () => {
  for (const name of ['-dash', '_underscore', 'with.dot', 'ab', 'x'.repeat(129)]) {
    await assert.rejects(
      userAssignedIdentities.createOrUpdate(group, name, { location }),
      refusal(400, 'InvalidResourceName'),
      name,
    )
  }
  await assert.rejects(
    userAssignedIdentities.createOrUpdate(unique('nowhere'), 'identity', { location }),
    refusal(404, 'ResourceGroupNotFound'),
  )
})

test('an identity trusts up to twenty issuers and subjects, each pair once and for one audience', async () => {
  const name = unique('identity')
  await userAssignedIdentities.createOrUpdate(group, name, { location })
  const trust = (credential: string, wish: { issuer?: string; subject?: string; audiences?: string[] } = {}) =>
    federatedIdentityCredentials.createOrUpdate(group, name, credential, {
      issuer,
      subject: credential,
      audiences,
      ...wish,
    })

  const first = await trust('credential-0')
  assert.partialDeepStrictEqual(first, { name: 'credential-0', issuer, subject: 'credential-0', audiences })
  await assert.rejects(
    trust('twice', { subject: 'credential-0' }),
    refusal(400, 'BadRequest', /Issuer and subject combination already exists for this Managed Identity\./),
  )
  await assert.rejects(
    trust('two-audiences', { audiences: [...audiences, 'api://other'] }),
    refusal(400, 'BadRequest', /must have exactly one audience\./),
  )
  await assert.rejects(trust('plain', { issuer: 'http://token.example' }), refusal(400, 'BadRequest'))

  for (let i = 1; i < 20; i++) await trust(`credential-${i}`)
  await assert.rejects(trust('one-too-many'), refusal(400, 'BadRequest'))
  await trust('credential-3', { subject: 'changed' })
  const listed = await all(federatedIdentityCredentials.list(group, name))
  assert.equal(listed.length, 20)
  assert.ok(listed.some(({ subject }) => subject === 'changed'))

  await federatedIdentityCredentials.delete(group, name, 'credential-0')
  await assert.rejects(federatedIdentityCredentials.get(group, name, 'credential-0'), refusal(404, 'ResourceNotFound'))
  await userAssignedIdentities.delete(group, name)
  await userAssignedIdentities.createOrUpdate(group, name, { location })
  assert.deepEqual(await all(federatedIdentityCredentials.list(group, name)), [], 'trust goes with the identity')
})
