import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { systemGrant } from '../access/grant.ts'
import { type OpenLazuli, openLazuli } from '../testing/open-lazuli.ts'
import { openSigningKeys } from './signing-keys.ts'
import { openTokens } from './tokens.ts'

const look = systemGrant('look at the keys of a test')
const day = 86_400_000
const audience = 'https://management.azure.com'
const anyAudience = () => true
const forArm = (aud: string) => aud === audience

const issue = async ({ parts }: OpenLazuli, lifetimeSec = 3600) =>
  (await parts.tokens.issueAccess({ audience, lifetimeSec, claims: { oid: 'someone' } })).token

/** An independent reader: jose with nothing but the published keys. */
async function readBy({ parts, clock }: OpenLazuli, token: string) {
  const keys = createLocalJWKSet({ keys: (await parts.tokens.keys.jwks()) as never })
  return (await jwtVerify(token, keys, { audience, currentDate: new Date(clock.now()) })).payload
}

test('a token is what an independent verifier reads from it, and its times are whole seconds', async t => {
  const lazuli = await openLazuli(t)
  const { tokens } = lazuli.parts
  const issued = await tokens.issueAccess({ audience, lifetimeSec: 3600, claims: { oid: 'someone', appid: 'x' } })
  const payload = await readBy(lazuli, issued.token)
  const { uti, ...rest } = payload
  assert.match(String(uti), /^[\w-]{22}$/)
  assert.deepEqual(rest, {
    aud: audience,
    iss: `https://sts.windows.net/${lazuli.directory.tenantId}/`,
    idp: `https://sts.windows.net/${lazuli.directory.tenantId}/`,
    iat: issued.notBefore,
    nbf: issued.notBefore,
    exp: issued.expiresOn,
    oid: 'someone',
    sub: 'someone',
    appid: 'x',
    tid: lazuli.directory.tenantId,
    ver: '1.0',
  })
  assert.equal(issued.expiresOn - issued.notBefore, 3900)
  const { kid, x5t, ...header } = decodeProtectedHeader(issued.token)
  assert.deepEqual(header, { typ: 'JWT', alg: 'RS256' })
  assert.equal(kid, x5t)
})

test('the published keys show public members only, and the certificate is over the same key', async t => {
  const { parts } = await openLazuli(t)
  const [key, ...others] = await parts.tokens.keys.jwks()
  assert.equal(others.length, 0)
  assert.deepEqual(Object.keys(key ?? {}).sort(), ['e', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
})

test('a replaced key no longer signs, stays published until its last token has expired, and is gone then', async t => {
  const lazuli = await openLazuli(t)
  const { tokens } = lazuli.parts
  const before = await issue(lazuli, 24 * 3600)
  await tokens.keys.rotate()
  const after = await issue(lazuli)
  assert.notEqual(decodeProtectedHeader(after).kid, decodeProtectedHeader(before).kid)
  assert.equal((await tokens.keys.jwks()).length, 2)
  for (const token of [before, after]) {
    assert.equal((await tokens.verify(token, forArm)).valid, true)
    assert.equal((await readBy(lazuli, token)).oid, 'someone')
  }

  lazuli.clock.forwardBy(day - 60_000)
  assert.equal((await tokens.verify(before, forArm)).valid, true)
  lazuli.clock.forwardBy(361_000)
  assert.deepEqual(await tokens.verify(before, forArm), { valid: false, reason: 'invalid' })
  assert.equal((await tokens.keys.jwks()).length, 1)
})

test('a key is replaced by itself after a month, once however many ask, and the old private keys are not kept', async t => {
  const lazuli = await openLazuli(t)
  const first = decodeProtectedHeader(await issue(lazuli)).kid
  lazuli.clock.forwardBy(31 * day)
  const kids = new Set(
    (await Promise.all(Array.from({ length: 8 }, () => issue(lazuli)))).map(token => decodeProtectedHeader(token).kid),
  )
  assert.equal(kids.size, 1)
  assert.equal(kids.has(first), false)
  lazuli.clock.forwardBy(31 * day)
  await issue(lazuli)
  const kept = await lazuli.store.signingKeys.list(look)
  assert.equal(kept.length, 2)
  assert.equal(
    kept.some(({ kid }) => kid === first),
    false,
  )
})

test('keys are the same after a restart, so that tokens issued before it stay good', async t => {
  const lazuli = await openLazuli(t)
  const token = await issue(lazuli)
  await lazuli.close()
  const again = await openLazuli(t, { folder: lazuli.parts.config.directory })
  assert.equal((await again.parts.tokens.verify(token, forArm)).valid, true)
})

test('a remembered verdict ends with the token, with the audience, and with the key', async t => {
  const lazuli = await openLazuli(t)
  const { tokens } = lazuli.parts
  const token = await issue(lazuli)
  assert.equal((await tokens.verify(token, forArm)).valid, true)
  assert.deepEqual(await tokens.verify(token, aud => aud === 'https://vault.azure.net'), {
    valid: false,
    reason: 'audience',
  })
  lazuli.clock.forwardBy(3_600_000)
  assert.deepEqual(await tokens.verify(token, forArm), { valid: false, reason: 'expired' })
})

test('what ends like a token that was good a moment ago is not good for that', async t => {
  const lazuli = await openLazuli(t)
  const { tokens } = lazuli.parts
  const good = await issue(lazuli)
  assert.equal((await tokens.verify(good, forArm)).valid, true)
  const [header = '', , signature = ''] = good.split('.')
  const payload = encoded({ ...decodeJwt(good), oid: 'administrator' })
  for (const forged of [`${header}.${payload}.${signature}`, good.slice(1), good.slice(-40)])
    assert.deepEqual(await tokens.verify(forged, forArm), { valid: false, reason: 'invalid' }, forged)
  assert.equal((await tokens.verify(good, forArm)).valid, true)
})

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What an attacker can make who knows everything that is public. */
async function forgeries(lazuli: OpenLazuli): Promise<[name: string, token: string][]> {
  const { tokens } = lazuli.parts
  const good = await issue(lazuli)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const claims = decodeJwt(good)
  const { kid = '' } = decodeProtectedHeader(good)
  const published = tokens.keys.publicKey(kid) as KeyObject
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signed = (head: object, body: object = claims) =>
    new SignJWT({ ...body }).setProtectedHeader({ alg: 'RS256', ...head }).sign(privateKey)
  const asHmac = (secret: string | Buffer) => {
    const text = `${encoded({ typ: 'JWT', alg: 'HS256', kid })}.${payload}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const genuine = (body: Record<string, unknown>) => tokens.sign({ ...claims, ...body })
  return [
    ['an empty text', ''],
    ['one word', 'token'],
    ['no signature', `${header}.${payload}.`],
    ['two parts', `${header}.${payload}`],
    ['a fourth part', `${good}.${signature}`],
    [
      'another payload under the same signature',
      `${header}.${encoded({ ...claims, oid: 'administrator' })}.${signature}`,
    ],
    ['a signature of which one bit is flipped', `${header}.${payload}.${flipped(signature)}`],
    ['alg none', `${encoded({ alg: 'none', kid })}.${payload}.`],
    ['alg None with the signature left on', `${encoded({ alg: 'None', kid })}.${payload}.${signature}`],
    ['the public key in PEM as an HMAC secret', asHmac(String(published.export({ format: 'pem', type: 'spki' })))],
    ['the public key in DER as an HMAC secret', asHmac(published.export({ format: 'der', type: 'spki' }))],
    ['a key of their own under our key id', await signed({ kid })],
    ['a key of their own under no key id', await signed({})],
    ['a key of their own that the header carries', await signed({ jwk: publicKey.export({ format: 'jwk' }) })],
    ['a key of their own under our key id, with a jku', await signed({ kid, jku: 'https://evil.example/keys' })],
    [
      'a critical extension that nobody knows',
      `${encoded({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`,
    ],
    [
      'genuine, of another issuer',
      await genuine({ iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/' }),
    ],
    ['genuine, without an expiry', await genuine({ exp: undefined })],
    ['genuine, with an expiry in words', await genuine({ exp: 'never' })],
    ['genuine, for a list of audiences', await genuine({ aud: [audience] })],
    ['genuine, about nobody', await genuine({ oid: undefined })],
    ['genuine, of the future', await genuine({ nbf: 9_999_999_999 })],
  ]
}

const flipped = (signature: string) => {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64url')
}

test('a forged token is refused, and so it is when a good one was seen before', async t => {
  const lazuli = await openLazuli(t)
  const { tokens } = lazuli.parts
  for (const [name, token] of await forgeries(lazuli)) {
    assert.deepEqual(await tokens.verify(token, anyAudience), { valid: false, reason: 'invalid' }, name)
  }
  const response = await lazuli.request('GET', '/providers/Lazuli.Server/status', {
    token: (await forgeries(lazuli)).find(([name]) => name.startsWith('a key of their own'))?.[1],
  })
  assert.equal(response.status, 401)
})

test('a token of another tenant is refused as such, and an id token opens nothing', async t => {
  const lazuli = await openLazuli(t)
  const { tokens, config, clock } = lazuli.parts
  const keys = await openSigningKeys(lazuli.store, clock)
  const other = openTokens({ config, clock, keys, tenantId: '00000000-0000-0000-0000-000000000000' })
  const { token } = await other.issueAccess({ audience, lifetimeSec: 3600, claims: { oid: 'someone' } })
  assert.deepEqual(await tokens.verify(token, forArm), { valid: false, reason: 'invalid' })
  const tid = '00000000-0000-0000-0000-000000000000'
  const strayed = await tokens.issueAccess({ audience, lifetimeSec: 3600, claims: { oid: 'someone', tid } })
  assert.deepEqual(await tokens.verify(strayed.token, forArm), { valid: false, reason: 'tenant' })
  const now = Math.floor(clock.now() / 1000)
  const idToken = await tokens.sign({
    aud: 'a-client',
    iss: `https://login.microsoftonline.com/${lazuli.directory.tenantId}/v2.0`,
    iat: now,
    nbf: now,
    exp: now + 3600,
    oid: 'someone',
    tid: lazuli.directory.tenantId,
  })
  assert.deepEqual(await tokens.verify(idToken, anyAudience), { valid: false, reason: 'invalid' })
})
