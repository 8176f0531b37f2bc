import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const version = 'api-version=2021-04-01'

type Provider = { id?: string; namespace: string; registrationState?: string; resourceTypes: Record<string, unknown>[] }

test('providers are there and registered from the start, with the versions that their types take', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const url = `${lazuli.subscription}/providers/microsoft.managedidentity`
  const provider = (await (await lazuli.request('GET', `${url}?${version}`, { token })).json()) as Provider
  assert.deepEqual(
    [provider.id, provider.namespace, provider.registrationState],
    [`${lazuli.subscription}/providers/Microsoft.ManagedIdentity`, 'Microsoft.ManagedIdentity', 'Registered'],
  )
  const identities = provider.resourceTypes.find(({ resourceType }) => resourceType === 'userAssignedIdentities')
  assert.ok(Array.isArray(identities?.apiVersions) && identities.apiVersions.includes('2018-11-30'))
  assert.ok(Array.isArray(identities.locations) && identities.locations.includes('West US'))

  const registered = await lazuli.request('POST', `${url}/register?${version}`, { token })
  assert.deepEqual([registered.status, await registered.json()], [200, provider])
})

test('every version that a type takes is accepted for it, and no other', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const listed = await lazuli.request('GET', `/providers?${version}`, { token })
  const { value } = (await listed.json()) as { value: Provider[] }
  const groups = value
    .find(({ namespace }) => namespace === 'Microsoft.Resources')
    ?.resourceTypes.find(({ resourceType }) => resourceType === 'resourceGroups')
  assert.ok(Array.isArray(groups?.apiVersions))
  for (const apiVersion of groups.apiVersions) {
    const url = `${lazuli.subscription}/resourceGroups?api-version=${apiVersion}`
    assert.equal((await lazuli.request('GET', url, { token })).status, 200, apiVersion)
  }
})

test('a provider that there is not is not found', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  for (const url of [`${lazuli.subscription}/providers/No.Such`, '/providers/No.Such']) {
    const response = await lazuli.request('GET', `${url}?${version}`, { token })
    assert.equal(response.status, 404)
    assert.deepEqual(await response.json(), {
      error: { code: 'InvalidResourceNamespace', message: "The resource namespace 'No.Such' is invalid." },
    })
  }
})

test('registering takes a right of its own', async t => {
  const lazuli = await openLazuli(t)
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: lazuli.subscription }] })
  const url = `${lazuli.subscription}/providers/Microsoft.Compute`
  assert.equal((await lazuli.request('GET', `${url}?${version}`, { token: reader.token })).status, 200)
  assert.equal((await lazuli.request('POST', `${url}/register?${version}`, { token: reader.token })).status, 403)
})
