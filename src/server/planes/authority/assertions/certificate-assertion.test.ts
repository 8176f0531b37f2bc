import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import {
  armScope,
  azureCli,
  type KeyAndCertificate,
  keyAndCertificate,
  type OpenAuthority,
  openAuthority,
} from '../testing.ts'

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const host = 'https://login.microsoftonline.com'

const present = (
  lazuli: OpenAuthority,
  client_id: string,
  client_assertion: string,
  more: Record<string, string> = {},
) =>
  lazuli.ask({
    grant_type: 'client_credentials',
    client_id,
    client_assertion,
    client_assertion_type: type,
    scope: armScope,
    ...more,
  })

type Changes = { claims?: Record<string, unknown>; header?: Record<string, unknown>; signer?: KeyAndCertificate }

async function opened(lazuli: OpenAuthority) {
  const certificate = await keyAndCertificate()
  const { clientId, objectId } = await lazuli.application()
  await lazuli.credential(objectId, { kind: 'certificate', verifier: certificate.verifier })
  const aud = `${host}/${lazuli.directory.tenantId}/oauth2/v2.0/token`
  const now = Math.floor(Date.now() / 1000)
  const assertion = ({ claims = {}, header = {}, signer = certificate }: Changes = {}) =>
    new SignJWT({ aud, iss: clientId, sub: clientId, jti: crypto.randomUUID(), nbf: now, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'RS256', x5t: certificate.x5t, ...header })
      .sign(signer.privateKey)
  return { certificate, clientId, objectId, assertion, now }
}

test('an assertion signed with a registered certificate is let in, in the forms that old and new libraries make', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, assertion, certificate } = await opened(lazuli)
  const sha256 = { x5t: undefined, 'x5t#S256': certificate.x5tS256 }
  const headers = [{}, { alg: 'PS256', ...sha256 }, { alg: 'RS256', ...sha256 }, { 'x5t#S256': certificate.x5tS256 }]
  for (const header of headers) {
    const { status, body } = await present(lazuli, clientId, await assertion({ header }))
    assert.equal(status, 200, String(body.error_description))
    const claims = await lazuli.verified(body.access_token)
    assert.deepEqual([claims.appid, claims.appidacr], [clientId, '2'])
  }
})

test('the audience is any address of the token endpoint, under any of our names', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, assertion } = await opened(lazuli)
  const { tenantId, tenantDomain } = lazuli.directory
  const good = [
    `${host}/${tenantId}/oauth2/token`,
    `${host}/${tenantDomain}/oauth2/v2.0/token`,
    `${host}/${tenantId}/v2.0`,
    `https://sts.windows.net/${tenantId}/`,
    'https://localhost:4443/adfs/oauth2/token',
    `https://login.lazuli.localhost:4443/${tenantId}/oauth2/v2.0/token`,
    [`${host}/common/oauth2/v2.0/token`, 'https://other.example'],
  ]
  for (const aud of good) {
    assert.equal((await present(lazuli, clientId, await assertion({ claims: { aud } }))).status, 200, String(aud))
  }
  const bad = [
    'https://evil.example/common/oauth2/v2.0/token',
    `${host}/contoso.example/oauth2/v2.0/token`,
    `http://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
    `${host}/${tenantId}/oauth2/v2.0/authorize`,
    'https://localhost/adfs/oauth2/token',
    'nonsense',
  ]
  for (const aud of bad) {
    assert.deepEqual(
      (await present(lazuli, clientId, await assertion({ claims: { aud } }))).body.error_codes,
      [50027],
      aud,
    )
  }
})

test('an assertion may come again until it expires, because client libraries keep one for all resources', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, assertion } = await opened(lazuli)
  const kept = await assertion()
  assert.equal((await present(lazuli, clientId, kept)).status, 200)
  assert.equal((await present(lazuli, clientId, kept, { scope: 'https://vault.azure.net/.default' })).status, 200)
})

test('whoever does not hold the key, or says something else, is refused for exactly that', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, assertion, certificate, now } = await opened(lazuli)
  const other = await keyAndCertificate()
  const cases: [name: string, changes: Changes, error: number][] = [
    ['another key under our thumbprint', { signer: other }, 700027],
    ['another key under its own thumbprint', { signer: other, header: { x5t: other.x5t } }, 700027],
    ['no thumbprint', { header: { x5t: undefined } }, 700027],
    ['two thumbprints of which one is wrong', { header: { 'x5t#S256': other.x5tS256 } }, 700027],
    ['expired', { claims: { exp: now - 301, nbf: now - 900 } }, 700024],
    ['not valid yet', { claims: { nbf: now + 400 } }, 700024],
    ['valid for a day', { claims: { exp: now + 86_400 } }, 700024],
    ['about somebody else', { claims: { sub: crypto.randomUUID() } }, 50027],
    ['by somebody else', { claims: { iss: crypto.randomUUID() } }, 700213],
    ['without an expiry', { claims: { exp: undefined } }, 50027],
    ['with a weaker hash', { header: { alg: 'RS512' } }, 700027],
  ]
  for (const [name, changes, error] of cases) {
    const { body } = await present(lazuli, clientId, await assertion(changes))
    assert.deepEqual(body.error_codes, [error], name)
  }
  const hmac = await new SignJWT({ iss: clientId, sub: clientId, aud: `${host}/common/oauth2/token`, exp: now + 600 })
    .setProtectedHeader({ alg: 'HS256', x5t: certificate.x5t })
    .sign(certificate.publicKey.export({ format: 'der', type: 'spki' }))
  assert.deepEqual((await present(lazuli, clientId, hmac)).body.error_codes, [700027])
  assert.deepEqual((await present(lazuli, clientId, 'a.b.c')).body.error_codes, [50027])
  const good = await assertion()
  assert.deepEqual((await present(lazuli, clientId, good, { client_assertion_type: 'x' })).body.error_codes, [900144])
  assert.deepEqual((await present(lazuli, azureCli, good)).body.error_codes, [700025])
})

test('a certificate whose time is over no longer counts, and the others still do', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, objectId, assertion } = await opened(lazuli)
  const late = await keyAndCertificate()
  await lazuli.credential(objectId, { kind: 'certificate', verifier: late.verifier, expiresAt: 1 })
  const byLate = await assertion({ signer: late, header: { x5t: late.x5t } })
  assert.deepEqual((await present(lazuli, clientId, byLate)).body.error_codes, [700027])
  assert.equal((await present(lazuli, clientId, await assertion())).status, 200)
})

test('a client that lives in real time is let in while Lazuli’s clock is shifted', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, assertion } = await opened(lazuli)
  lazuli.clock.forwardBy(60 * 86_400_000)
  assert.equal((await present(lazuli, clientId, await assertion())).status, 200)
})
