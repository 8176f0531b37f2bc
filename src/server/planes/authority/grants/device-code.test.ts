import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formOf, openPage, postPage } from '../pages/testing-browser.ts'
import { type Answer, armScope, azureCli, type OpenAuthority, openAuthority } from '../testing.ts'

const scope = `${armScope} offline_access openid profile`

const begin = async (lazuli: OpenAuthority, path = '/organizations/oauth2/v2.0/devicecode') =>
  (await lazuli.ask({ client_id: azureCli, scope, resource: 'https://management.azure.com' }, { path })).body

const poll = (lazuli: OpenAuthority, device_code: unknown): Promise<Answer> =>
  lazuli.ask({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: azureCli,
    device_code: String(device_code),
  })

const page = (codes: Record<string, unknown>) =>
  `https://localhost:4443/common/oauth2/deviceauth?user_code=${codes.user_code}`

test('a program waits until its person has signed in on the page, and is then served once', async t => {
  const lazuli = await openAuthority(t)
  const { username, password, objectId } = await lazuli.user()
  const codes = await begin(lazuli)
  assert.deepEqual(
    [codes.expires_in, codes.interval, codes.verification_uri],
    [900, 2, 'https://localhost:4443/common/oauth2/deviceauth'],
  )
  assert.match(String(codes.user_code), /^[B-DF-HJ-NP-TV-Z24-9]{9}$/)
  assert.ok(String(codes.message).includes(String(codes.user_code)))

  const pending = await poll(lazuli, codes.device_code)
  assert.deepEqual([pending.status, pending.body.error], [400, 'authorization_pending'])

  const shown = await openPage(lazuli, page(codes))
  assert.match(shown.text, /<strong>Microsoft Azure CLI<\/strong>/)
  const done = await postPage(lazuli, shown, { ...formOf(shown), username, password })
  assert.match(done.text, /You have signed in to Microsoft Azure CLI/)

  const { status, body } = await poll(lazuli, codes.device_code)
  assert.equal(status, 200)
  assert.equal((await lazuli.verified(body.access_token)).oid, objectId)
  assert.equal((await lazuli.verified(body.id_token)).aud, azureCli)
  assert.ok(body.refresh_token)
  assert.equal((await poll(lazuli, codes.device_code)).body.error, 'bad_verification_code')
  assert.equal((await openPage(lazuli, page(codes))).status, 400)
})

test('a wrong password leaves the request pending, and the page asks again', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const codes = await begin(lazuli)
  const shown = await openPage(lazuli, page(codes))
  const again = await postPage(lazuli, shown, { ...formOf(shown), username, password: 'wrong' })
  assert.equal(again.status, 400)
  assert.match(again.text, /role="alert">Error validating credentials/)
  assert.equal((await poll(lazuli, codes.device_code)).body.error, 'authorization_pending')
  await postPage(lazuli, again, { ...formOf(again), username, password })
  assert.equal((await poll(lazuli, codes.device_code)).status, 200)
})

test('who says no ends it', async t => {
  const lazuli = await openAuthority(t)
  const codes = await begin(lazuli)
  const shown = await openPage(lazuli, page(codes))
  assert.match((await postPage(lazuli, shown, { ...formOf(shown), cancel: '1' })).text, /has not been signed in/)
  assert.equal((await poll(lazuli, codes.device_code)).body.error, 'authorization_declined')
})

test('after a quarter of an hour the codes have expired, and a code that never was is unknown', async t => {
  const lazuli = await openAuthority(t)
  const codes = await begin(lazuli)
  lazuli.clock.forwardBy(900_000)
  assert.equal((await poll(lazuli, codes.device_code)).body.error, 'expired_token')
  assert.equal((await poll(lazuli, 'made up')).body.error, 'bad_verification_code')
  assert.equal((await openPage(lazuli, page(codes))).status, 400)
})

test('another program cannot redeem the code', async t => {
  const lazuli = await openAuthority(t)
  const codes = await begin(lazuli)
  const other = await lazuli.application({ body: { isFallbackPublicClient: true } })
  const { body } = await lazuli.ask({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: other.clientId,
    device_code: String(codes.device_code),
  })
  assert.deepEqual(body.error_codes, [70000])
})

test('version 1 calls things otherwise and speaks in strings; adfs has a page of its own', async t => {
  const lazuli = await openAuthority(t)
  const v1 = await begin(lazuli, '/common/oauth2/devicecode')
  assert.deepEqual(
    [v1.expires_in, v1.interval, v1.verification_url],
    ['900', '2', 'https://localhost:4443/common/oauth2/deviceauth'],
  )
  const adfs = await begin(lazuli, '/adfs/oauth2/devicecode')
  assert.equal(adfs.verification_uri, 'https://localhost:4443/adfs/oauth2/deviceauth')
})

test('a code may be typed with blanks, dashes and small letters', async t => {
  const lazuli = await openAuthority(t)
  const { user_code } = await begin(lazuli)
  const typed = `${String(user_code).slice(0, 4)}-${String(user_code).slice(4)} `.toLowerCase()
  const shown = await openPage(
    lazuli,
    `https://localhost:4443/common/oauth2/deviceauth?user_code=${encodeURIComponent(typed)}`,
  )
  assert.equal(shown.status, 200)
  assert.match(shown.text, /name="password"/)
})
