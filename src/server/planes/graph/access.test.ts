import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGraph, valuesOf } from './testing.ts'

const audience = 'https://graph.microsoft.com'

test('whoever is signed in may look, but only who may assign roles everywhere may change anything', async t => {
  const lazuli = await openGraph(t)
  const { id } = await lazuli.made('/applications', { displayName: 'x' })
  const changes: [method: string, path: string, body: unknown][] = [
    ['POST', '/applications', { displayName: 'y' }],
    ['PATCH', `/applications/${id}`, { displayName: 'y' }],
    ['DELETE', `/applications/${id}`, undefined],
    ['POST', `/applications/${id}/addPassword`, {}],
    ['POST', `/applications/${id}/removePassword`, { keyId: crypto.randomUUID() }],
    ['POST', `/applications/${id}/federatedIdentityCredentials`, {}],
    ['POST', '/servicePrincipals', { appId: crypto.randomUUID() }],
    ['POST', '/users', {}],
    ['PATCH', `/users/${lazuli.administrator.username}`, { passwordProfile: { password: 'taken over by me' } }],
    ['DELETE', `/users/${lazuli.administrator.username}`, undefined],
  ]
  const nobody = await lazuli.principal({ audience })
  const reader = await lazuli.principal({ audience, roles: [{ role: 'Reader' }] })
  // It may do everything but manage access: setting the administrator's password would be just that.
  const contributor = await lazuli.principal({ audience, roles: [{ role: 'Contributor' }] })
  const ownerOfLess = await lazuli.principal({ audience, roles: [{ role: 'Owner', scope: lazuli.subscription }] })
  for (const { token } of [nobody, reader, contributor, ownerOfLess]) {
    for (const path of ['/applications', '/servicePrincipals', '/users', '/organization', '/groups']) {
      assert.equal((await lazuli.graph('GET', path, undefined, token)).status, 200, path)
    }
    for (const [method, path, body] of changes) {
      const answer = await lazuli.graph(method, path, body, token)
      assert.deepEqual(
        [answer.status, (answer.body.error as { code: string }).code],
        [403, 'Authorization_RequestDenied'],
        `${method} ${path}`,
      )
    }
  }
  const rows = (await lazuli.auditRows()).filter(({ outcome }) => outcome === 'Denied')
  assert.equal(rows.length, 4 * changes.length)
})

test('without a token, or with one for another service, there is nothing to see', async t => {
  const lazuli = await openGraph(t)
  const forArm = await lazuli.adminToken()
  const cases = [
    [undefined, 'Access token is empty.'],
    [forArm, 'Access token validation failure. Invalid audience.'],
    ['garbage', 'Access token validation failure.'],
  ] as const
  for (const [token, message] of cases) {
    for (const path of ['/v1.0/users', '/v1.0/nothing', '/nothing']) {
      const response = await lazuli.request('GET', audience + path, { token })
      assert.equal(response.status, 401)
      const { error } = (await response.json()) as { error: { code: string; message: string; innerError: object } }
      assert.deepEqual([error.code, error.message], ['InvalidAuthenticationToken', message])
      assert.deepEqual(Object.keys(error.innerError), ['date', 'request-id', 'client-request-id'])
    }
  }
  assert.equal((await lazuli.graph('GET', '/nothing')).status, 400)
})

test('the directory is reached by path, too, and its links keep that path', async t => {
  const lazuli = await openGraph(t)
  const token = await lazuli.adminToken('https://localhost:4443/graph')
  await lazuli.made('/applications', { displayName: 'x' })
  const response = await lazuli.request('GET', 'https://localhost:4443/graph/v1.0/applications?$top=1', { token })
  assert.equal(response.status, 200)
  const body = (await response.json()) as Record<string, string>
  assert.equal(body['@odata.context'], 'https://localhost:4443/graph/v1.0/$metadata#applications')
  assert.ok(body['@odata.nextLink']?.startsWith('https://localhost:4443/graph/v1.0/applications?'))
})

test('ids of any kind are looked up at once, in the kinds that are asked for', async t => {
  const lazuli = await openGraph(t)
  const user = await lazuli.principal({ kind: 'user' })
  const program = await lazuli.principal()
  const resourceId = `${lazuli.subscription}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm`
  const machine = await lazuli.principal({ kind: 'managedIdentity', resourceId })
  const ids = [user.objectId, program.objectId, machine.objectId, crypto.randomUUID()]
  const all = await lazuli.graph('POST', '/directoryObjects/getByIds', { ids })
  assert.deepEqual(
    valuesOf(all).map(one => [one.id, one['@odata.type']]),
    [
      [user.objectId, '#microsoft.graph.user'],
      [program.objectId, '#microsoft.graph.servicePrincipal'],
      [machine.objectId, '#microsoft.graph.servicePrincipal'],
    ],
  )
  const users = await lazuli.graph('POST', '/directoryObjects/getByIds', { ids, types: ['user'] })
  assert.deepEqual(
    valuesOf(users).map(one => one.id),
    [user.objectId],
  )
})

test('a managed identity says whose it is, and goes only with that', async t => {
  const lazuli = await openGraph(t)
  const group = `${lazuli.subscription}/resourceGroups/g/providers`
  const own = await lazuli.principal({
    kind: 'managedIdentity',
    resourceId: `${group}/Microsoft.Compute/virtualMachines/vm`,
  })
  const shared = await lazuli.principal({
    kind: 'managedIdentity',
    resourceId: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/u`,
  })
  for (const [identity, isExplicit] of [
    [own, 'False'],
    [shared, 'True'],
  ] as const) {
    const { body } = await lazuli.graph('GET', `/servicePrincipals/${identity.objectId}`)
    assert.partialDeepStrictEqual(body, {
      appId: identity.clientId,
      servicePrincipalType: 'ManagedIdentity',
      alternativeNames: [`isExplicit=${isExplicit}`, identity.resourceId],
      servicePrincipalNames: [identity.clientId],
    })
    assert.equal((await lazuli.graph('DELETE', `/servicePrincipals/${identity.objectId}`)).status, 400)
  }
})
