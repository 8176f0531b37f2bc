import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SignJWT } from 'jose'
import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { armScope, keyAndCertificate, type OpenAuthority, openAuthority } from '../testing.ts'
import { type Issuer, openIssuer } from './testing-issuer.ts'

const arrange = systemGrant('arrange a test')
const audience = 'api://AzureADTokenExchange'
const subject = 'repo:org/app:ref:refs/heads/main'

async function openBoth(t: TestContext): Promise<{ lazuli: OpenAuthority; issuer: Issuer; clientId: string }> {
  const issuer = await openIssuer(t)
  const lazuli = await openAuthority(t, issuer.fetch)
  const { clientId, objectId } = await lazuli.application()
  const verifier = JSON.stringify({ name: 'ci', issuer: issuer.url, subject, audiences: [audience] })
  await lazuli.credential(objectId, { kind: 'federated', verifier })
  return { lazuli, issuer, clientId }
}

const present = (lazuli: OpenAuthority, client_id: string, client_assertion: string) =>
  lazuli.ask({
    grant_type: 'client_credentials',
    client_id,
    client_assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    scope: armScope,
  })

for (const algorithm of ['RS256', 'ES256'] as const) {
  test(`an application is let in by the ${algorithm} token of an issuer that it trusts`, async t => {
    const { lazuli, issuer, clientId } = await openBoth(t)
    await issuer.rotate('key', algorithm)
    const { status, body } = await present(lazuli, clientId, await issuer.token({ sub: subject, aud: audience }))
    assert.equal(status, 200, String(body.error_description))
    const claims = await lazuli.verified(body.access_token)
    assert.deepEqual([claims.appid, claims.appidacr, claims.idtyp], [clientId, '2', 'app'])
    assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys'])
  })
}

test('a user-assigned identity is let in by its federated credentials, and its token says which it is', async t => {
  const issuer = await openIssuer(t)
  const lazuli = await openAuthority(t, issuer.fetch)
  const identity = `${lazuli.subscription}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`
  const { clientId = '', objectId } = await lazuli.principal({ kind: 'managedIdentity', resourceId: identity })
  const credential = resourceId(`${identity}/federatedIdentityCredentials/ci`)
  const properties = { issuer: issuer.url, subject, audiences: [audience] }
  await lazuli.store.write(tx => tx.resources.put(arrange, credential, { properties }))

  const token = await issuer.token({ sub: subject, aud: audience })
  const { status, body } = await present(lazuli, clientId, token)
  assert.equal(status, 200, String(body.error_description))
  assert.partialDeepStrictEqual(await lazuli.verified(body.access_token), {
    appid: clientId,
    appidacr: '2',
    idtyp: 'app',
    oid: objectId,
    xms_mirid: identity,
  })
  const secret = await lazuli.ask({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: 'x',
    scope: armScope,
  })
  assert.deepEqual(secret.body.error_codes, [7000215])
})

test('issuer, subject and audience are compared to the letter, and nobody is asked for keys before they fit', async t => {
  const { lazuli, issuer, clientId } = await openBoth(t)
  const wrong: Record<string, unknown>[] = [
    { sub: subject.toUpperCase(), aud: audience },
    { sub: `${subject} `, aud: audience },
    { sub: subject, aud: audience.toLowerCase() },
    { sub: subject, aud: audience, iss: `${issuer.url}/` },
    { sub: subject, aud: audience, iss: 'https://evil.example' },
  ]
  for (const claims of wrong) {
    const { status, body } = await present(lazuli, clientId, await issuer.token(claims))
    assert.deepEqual([status, body.error_codes], [400, [700213]], JSON.stringify(claims))
  }
  assert.deepEqual(issuer.asked, [])
})

test('a token that is out of time, or signed by another key, is refused', async t => {
  const { lazuli, issuer, clientId } = await openBoth(t)
  const claims = { sub: subject, aud: audience }
  const now = Math.floor(Date.now() / 1000)
  const { privateKey } = await keyAndCertificate()
  const forged = (alg: string, kid?: string) =>
    new SignJWT({ iss: issuer.url, exp: now + 600, ...claims })
      .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
      .sign(alg === 'HS256' ? Buffer.alloc(32) : privateKey)
  const cases: [token: string, error: number][] = [
    [await issuer.token({ ...claims, exp: now - 301 }), 700024],
    [await issuer.token({ ...claims, nbf: now + 400 }), 700024],
    [await forged('RS256', 'first'), 700027],
    [await forged('RS256', 'other'), 700027],
    [await forged('PS256', 'first'), 50027],
    [await forged('HS256', 'first'), 50027],
    [(await issuer.token(claims)).replace(/\.[^.]*$/, '.'), 700027],
    ['garbage', 50027],
  ]
  for (const [token, error] of cases) {
    assert.deepEqual((await present(lazuli, clientId, token)).body.error_codes, [error])
  }
})

test('an exchanged key of the issuer is found, but unknown key ids do not have it fetched again and again', async t => {
  const { lazuli, issuer, clientId } = await openBoth(t)
  const claims = { sub: subject, aud: audience }
  assert.equal((await present(lazuli, clientId, await issuer.token(claims))).status, 200)
  assert.equal((await present(lazuli, clientId, await issuer.token(claims))).status, 200)
  assert.equal(issuer.asked.length, 2)
  for (let i = 0; i < 5; i++) await present(lazuli, clientId, await issuer.token(claims, { kid: `made up ${i}` }))
  assert.equal(issuer.asked.length, 2)
})

test('an issuer that answers badly is named as the cause, and nobody gets in', async t => {
  const { lazuli, issuer, clientId } = await openBoth(t)
  const token = await issuer.token({ sub: subject, aud: audience })
  const bad: Parameters<Issuer['serve']>[0][] = [
    (_, outgoing) => outgoing.writeHead(500).end(),
    (_, outgoing) => outgoing.writeHead(302, { location: '/elsewhere' }).end(),
    (_, outgoing) => outgoing.end('not JSON'),
    (_, outgoing) => outgoing.end('{}'),
    (_, outgoing) => outgoing.end(JSON.stringify({ issuer: 'https://evil.example', jwks_uri: `${issuer.url}/keys` })),
    (_, outgoing) => outgoing.end(JSON.stringify({ issuer: issuer.url, jwks_uri: 'http://localhost/keys' })),
    (_, outgoing) => outgoing.end(JSON.stringify({ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' })),
    (_, outgoing) => outgoing.end(`"${'x'.repeat(300_000)}"`),
  ]
  for (const listener of bad) {
    issuer.serve(listener)
    const { status, body } = await present(lazuli, clientId, token)
    assert.deepEqual([status, body.error_codes], [503, [50166]])
    assert.ok(String(body.error_description).includes(issuer.url))
    assert.doesNotMatch(String(body.error_description), /not JSON/, 'and nothing of what it answered is shown')
  }
  issuer.serve(undefined)
  assert.equal((await present(lazuli, clientId, token)).status, 200)
})

test('a managed identity of our own stands in for an application that trusts it', async t => {
  const lazuli = await openAuthority(t)
  const identity = await lazuli.principal({ kind: 'managedIdentity', audience })
  const { clientId, objectId } = await lazuli.application()
  const issuer = `https://login.microsoftonline.com/${lazuli.directory.tenantId}/v2.0`
  const verifier = JSON.stringify({ name: 'mi', issuer, subject: identity.objectId, audiences: [audience] })
  await lazuli.credential(objectId, { kind: 'federated', verifier })
  assert.equal((await present(lazuli, clientId, identity.token)).status, 200)

  const stranger = await lazuli.principal({ kind: 'managedIdentity', audience })
  assert.deepEqual((await present(lazuli, clientId, stranger.token)).body.error_codes, [700213])
  const tampered = identity.token.replace(/\.[^.]*$/, `.${'A'.repeat(342)}`)
  assert.deepEqual((await present(lazuli, clientId, tampered)).body.error_codes, [700027])
  lazuli.clock.forwardBy(3_601_000)
  assert.deepEqual((await present(lazuli, clientId, identity.token)).body.error_codes, [700027])
})
