import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { keyAndCertificate } from '../authority/testing.ts'
import { openGraph, valuesOf } from './testing.ts'

const later = '2035-01-01T00:00:00Z'

test('the way of az ad sp create-for-rbac: application, secret, service principal, sign-in', async t => {
  const lazuli = await openGraph(t)
  const application = await lazuli.made('/applications', { displayName: 'ci', signInAudience: 'AzureADMyOrg' })
  const { id, appId: client_id } = application as { id: string; appId: string }
  const passwordCredential = { displayName: 'rbac', startDateTime: '2026-01-01T00:00:00Z', endDateTime: later }
  const password = await lazuli.made(`/applications/${id}/addPassword`, { passwordCredential })
  const client_secret = String(password.secretText)
  assert.partialDeepStrictEqual(password, { displayName: 'rbac', endDateTime: later, hint: client_secret.slice(0, 3) })

  assert.deepEqual(await lazuli.signInErrors({ client_id, client_secret }), [7000229])
  const principal = await lazuli.made('/servicePrincipals', { appId: client_id, accountEnabled: true })
  assert.partialDeepStrictEqual(principal, {
    appId: client_id,
    displayName: 'ci',
    servicePrincipalNames: [client_id],
    servicePrincipalType: 'Application',
    alternativeNames: [],
    appOwnerOrganizationId: lazuli.directory.tenantId,
  })
  assert.equal(await lazuli.signInErrors({ client_id, client_secret }), undefined)

  const found = await lazuli.graph('GET', `/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '${client_id}')`)
  assert.deepEqual(
    valuesOf(found).map(one => one.id),
    [principal.id],
  )
  const again = await lazuli.graph('POST', '/servicePrincipals', { appId: client_id })
  assert.deepEqual([again.status, (again.body.error as { code: string }).code], [400, 'Request_BadRequest'])
})

test('a secret is shown once and never again, and ends when it is removed or its time is over', async t => {
  const lazuli = await openGraph(t)
  const { id, appId } = await lazuli.made('/applications', { displayName: 'x' })
  await lazuli.made('/servicePrincipals', { appId })
  const secrets = await Promise.all([1, 2].map(() => lazuli.made(`/applications/${id}/addPassword`, {})))
  const [first, second] = secrets.map(secret => String(secret.secretText))
  const shown = await lazuli.graph('GET', `/applications/${id}`)
  const listed = shown.body.passwordCredentials as Record<string, unknown>[]
  assert.deepEqual(listed.map(({ keyId }) => keyId).sort(), secrets.map(({ keyId }) => keyId).sort())
  assert.equal(JSON.stringify(shown.body).includes(String(first)), false)

  const signIn = (client_secret = '') => lazuli.signInErrors({ client_id: String(appId), client_secret })
  assert.equal(await signIn(first), undefined)
  const removal = { keyId: secrets[0]?.keyId }
  assert.equal((await lazuli.graph('POST', `/applications/${id}/removePassword`, removal)).status, 204)
  assert.equal((await lazuli.graph('POST', `/applications/${id}/removePassword`, removal)).status, 400)
  assert.deepEqual(await signIn(first), [7000215])
  assert.equal(await signIn(second), undefined)
  lazuli.clock.forwardBy(2 * 366 * 86_400_000)
  assert.deepEqual(await signIn(second), [7000222])
})

test('a certificate is added by PATCH, kept by its id, and gone when it is left out', async t => {
  const lazuli = await openGraph(t)
  const { id, appId } = await lazuli.made('/applications', { displayName: 'x' })
  await lazuli.made('/servicePrincipals', { appId })
  const certificate = await keyAndCertificate()
  const signIn = async () => {
    const now = Math.floor(Date.now() / 1000)
    const aud = `https://login.microsoftonline.com/${lazuli.directory.tenantId}/oauth2/v2.0/token`
    const client_id = String(appId)
    const client_assertion = await new SignJWT({ iss: client_id, sub: client_id, aud, exp: now + 600 })
      .setProtectedHeader({ alg: 'RS256', x5t: certificate.x5t })
      .sign(certificate.privateKey)
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    return lazuli.signInErrors({ client_id, client_assertion, client_assertion_type })
  }
  const patch = (body: unknown) => lazuli.graph('PATCH', `/applications/${id}`, body)
  const key = {
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    key: certificate.verifier,
    displayName: 'cert',
    endDateTime: later,
  }
  assert.equal((await patch({ keyCredentials: [key] })).status, 204)
  assert.equal(await signIn(), undefined)

  const [shown] = (await lazuli.graph('GET', `/applications/${id}`)).body.keyCredentials as Record<string, unknown>[]
  assert.partialDeepStrictEqual(shown, { displayName: 'cert', key: null, type: 'AsymmetricX509Cert', usage: 'Verify' })
  assert.equal(shown?.customKeyIdentifier, Buffer.from(certificate.x5t, 'base64url').toString('hex').toUpperCase())
  assert.equal((await patch({ keyCredentials: [shown], tags: ['kept'] })).status, 204)
  assert.equal(await signIn(), undefined)
  assert.equal((await patch({ keyCredentials: [] })).status, 204)
  assert.deepEqual(await signIn(), [700027])
  assert.equal((await patch({ keyCredentials: [{ ...key, key: 'AAAA' }] })).status, 400)
})

test('an application is listed, found by name and id, changed, and takes its service principal along when it goes', async t => {
  const lazuli = await openGraph(t)
  const { id, appId } = await lazuli.made('/applications', { displayName: 'before', identifierUris: ['api://mine'] })
  const principal = await lazuli.made('/servicePrincipals', { appId })
  const redirects = { publicClient: { redirectUris: ['http://localhost'] }, notes: 'kept as sent' }
  assert.equal((await lazuli.graph('PATCH', `/applications/${id}`, { displayName: 'after', ...redirects })).status, 204)
  const expected = { id, appId, displayName: 'after', identifierUris: ['api://mine'], ...redirects }
  for (const path of [`/applications/${id}`, `/applications(appId='${appId}')`, `/beta/applications/${id}`]) {
    assert.partialDeepStrictEqual((await lazuli.graph('GET', path)).body, expected, path)
  }
  for (const filter of [
    `appId eq '${appId}'`,
    "displayName eq 'AFTER'",
    "startswith(displayName,'aft')",
    "identifierUris/any(s:s eq 'api://mine')",
  ]) {
    const found = await lazuli.graph('GET', `/applications?$filter=${encodeURIComponent(filter)}`)
    assert.deepEqual(
      valuesOf(found).map(one => one.id),
      [id],
      filter,
    )
  }
  const renamed = await lazuli.graph('GET', `/servicePrincipals(appId='${appId}')`)
  assert.partialDeepStrictEqual(renamed.body, { displayName: 'after', servicePrincipalNames: [appId, 'api://mine'] })
  assert.equal(
    (await lazuli.graph('POST', '/applications', { displayName: 'thief', identifierUris: ['api://mine'] })).status,
    400,
  )

  assert.equal((await lazuli.graph('DELETE', `/applications/${id}`)).status, 204)
  assert.equal((await lazuli.graph('GET', `/applications/${id}`)).status, 404)
  assert.equal((await lazuli.graph('GET', `/servicePrincipals/${principal.id}`)).status, 404)
  assert.equal((await lazuli.graph('DELETE', `/applications/${id}`)).status, 404)
})

test('federated credentials come, are found by name, change and go; two for one subject do not', async t => {
  const lazuli = await openGraph(t)
  const { id } = await lazuli.made('/applications', { displayName: 'x' })
  const collection = `/applications/${id}/federatedIdentityCredentials`
  const wish = {
    name: 'main',
    issuer: 'https://ci.example',
    subject: 'repo:a',
    audiences: ['api://AzureADTokenExchange'],
  }
  const credential = await lazuli.made(collection, wish)
  assert.partialDeepStrictEqual(credential, { ...wish, description: null })
  assert.equal((await lazuli.graph('GET', `${collection}/main`)).body.id, credential.id)
  const refused = [
    { ...wish, subject: 'repo:b' },
    { ...wish, name: 'other' },
    { ...wish, name: 'other', subject: 'repo:b', audiences: [] },
    { ...wish, name: 'other', subject: 'repo:b', issuer: 'http://ci.example' },
    { ...wish, name: 'other', subject: 'repo:b', issuer: 'file:///etc/passwd' },
    { ...wish, name: '-', subject: 'repo:b' },
  ]
  for (const body of refused)
    assert.equal((await lazuli.graph('POST', collection, body)).status, 400, JSON.stringify(body))
  assert.equal((await lazuli.graph('PATCH', `${collection}/${credential.id}`, { subject: 'repo:c' })).status, 204)
  assert.deepEqual(
    valuesOf(await lazuli.graph('GET', collection)).map(one => one.subject),
    ['repo:c'],
  )
  assert.equal((await lazuli.graph('DELETE', `${collection}/main`)).status, 204)
  assert.equal((await lazuli.graph('GET', `${collection}/main`)).status, 404)
})

test('of thousands of applications a client gets a page at a time, and the way to the next', async t => {
  const lazuli = await openGraph(t)
  for (let i = 0; i < 7; i++) await lazuli.made('/applications', { displayName: `paged ${i}` })
  const seen: unknown[] = []
  let next: string | undefined =
    "/applications?$filter=startswith(displayName,'paged')&$top=3&$select=displayName&$count=true"
  while (next !== undefined) {
    const answer = await lazuli.graph('GET', next)
    assert.equal(answer.body['@odata.count'], 7)
    for (const one of valuesOf(answer)) {
      assert.deepEqual(Object.keys(one), ['displayName'])
      seen.push(one.displayName)
    }
    const link = answer.body['@odata.nextLink']
    next = link === undefined ? undefined : String(link).replace('https://graph.microsoft.com', '')
  }
  assert.deepEqual(
    seen.sort(),
    Array.from({ length: 7 }, (_, i) => `paged ${i}`),
  )
})
