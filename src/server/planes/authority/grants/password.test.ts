import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretVerifier } from '../../../directory/credentials.ts'
import { armScope, azureCli, openAuthority } from '../testing.ts'

const form = { grant_type: 'password', client_id: azureCli, scope: `${armScope} offline_access openid profile` }

test('a person gets an access token, an id token, a refresh token and what tells accounts apart', async t => {
  const lazuli = await openAuthority(t)
  const { username, password, objectId } = await lazuli.user()
  const { tenantId } = lazuli.directory
  const { status, body } = await lazuli.ask({ ...form, username: username.toUpperCase(), password })
  assert.equal(status, 200)
  assert.equal(body.scope, 'https://management.azure.com/user_impersonation https://management.azure.com/.default')
  assert.deepEqual(JSON.parse(Buffer.from(String(body.client_info), 'base64url').toString()), {
    uid: objectId,
    utid: tenantId,
  })
  assert.ok(String(body.refresh_token).length > 40)

  const access = await lazuli.verified(body.access_token, { audience: 'https://management.azure.com' })
  assert.partialDeepStrictEqual(access, {
    amr: ['pwd'],
    appid: azureCli,
    appidacr: '0',
    idtyp: 'user',
    name: 'A Person',
    oid: objectId,
    scp: 'user_impersonation',
    tid: tenantId,
    unique_name: username,
    upn: username,
  })
  const issuer = `https://login.microsoftonline.com/${tenantId}/v2.0`
  assert.partialDeepStrictEqual(await lazuli.verified(body.id_token, { audience: azureCli, issuer }), {
    oid: objectId,
    preferred_username: username,
    sub: objectId,
    tid: tenantId,
    upn: username,
    ver: '2.0',
  })
})

test('the answer of adfs has numbers, and an id token of that issuer', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const origin = 'https://localhost:4443'
  const { body } = await lazuli.ask({ ...form, username, password }, { path: '/adfs/oauth2/token', origin })
  assert.equal(typeof body.expires_in, 'number')
  await lazuli.verified(body.id_token, { audience: azureCli, issuer: `${origin}/adfs` })
})

test('a wrong password and an unknown name are refused in the same words', async t => {
  const lazuli = await openAuthority(t)
  const { username } = await lazuli.user()
  const answers = []
  for (const name of [username, `nobody@${lazuli.directory.tenantDomain}`, 'nobody']) {
    const { status, body } = await lazuli.ask({ ...form, username: name, password: 'wrong' })
    answers.push([status, body.error, body.error_codes])
  }
  assert.deepEqual(answers, Array(3).fill([400, 'invalid_grant', [50126]]))
})

test('a disabled account is told so only to who knows its password', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user({ disabled: true })
  assert.deepEqual((await lazuli.ask({ ...form, username, password })).body.error_codes, [50057])
  assert.deepEqual((await lazuli.ask({ ...form, username, password: 'wrong' })).body.error_codes, [50126])
})

test('a program must be registered as public, or prove itself, before it may pass on a password', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const secretive = await lazuli.application()
  await lazuli.credential(secretive.objectId, { kind: 'secret', verifier: secretVerifier('s') })
  const open = await lazuli.application({ body: { isFallbackPublicClient: true } })
  const asked = async (client: Record<string, string>) =>
    (await lazuli.ask({ ...form, ...client, username, password })).body.error_codes ?? 'token'
  assert.deepEqual(await asked({ client_id: secretive.clientId }), [7000218])
  assert.equal(await asked({ client_id: secretive.clientId, client_secret: 's' }), 'token')
  assert.equal(await asked({ client_id: open.clientId }), 'token')
})

const scopes: [scope: string, audience: string | undefined, error?: number][] = [
  ['https://vault.azure.net/.default', 'https://vault.azure.net'],
  ['https://management.core.windows.net//user_impersonation', 'https://management.core.windows.net/'],
  ['openid profile', 'https://graph.microsoft.com'],
  ['User.Read openid', 'https://graph.microsoft.com'],
  ['https://vault.azure.net', undefined, 70011],
  ['https://vault.azure.net/.default https://storage.azure.com/.default', undefined, 28000],
  ['https://nobody.example/.default', undefined, 500011],
  ['', undefined, 900144],
]

test('a person’s scopes name one resource between them; without one it is Microsoft Graph', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  for (const [scope, audience, error] of scopes) {
    const { body } = await lazuli.ask({ ...form, scope, username, password })
    if (error !== undefined) assert.deepEqual(body.error_codes, [error], scope)
    else assert.equal((await lazuli.verified(body.access_token)).aud, audience)
    // Nobody asked for offline_access.
    assert.equal(body.refresh_token, undefined)
  }
})
