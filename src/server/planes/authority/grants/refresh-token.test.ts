import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../../access/grant.ts'
import { passwordVerifier } from '../../../directory/credentials.ts'
import { armScope, azureCli, type OpenAuthority, openAuthority } from '../testing.ts'

const arrange = systemGrant('arrange a test')
const day = 86_400_000

async function signedIn(lazuli: OpenAuthority) {
  const user = await lazuli.user()
  const { username, password } = user
  const scope = `${armScope} offline_access openid profile`
  const { body } = await lazuli.ask({ grant_type: 'password', client_id: azureCli, scope, username, password })
  return { ...user, token: String(body.refresh_token) }
}

const renew = (lazuli: OpenAuthority, refresh_token: string, more: Record<string, string> = {}) =>
  lazuli.ask({ grant_type: 'refresh_token', client_id: azureCli, refresh_token, ...more })

test('each use gives a new refresh token, and another resource may be asked for', async t => {
  const lazuli = await openAuthority(t)
  const { token, objectId } = await signedIn(lazuli)
  const first = await renew(lazuli, token)
  assert.equal(first.status, 200)
  assert.equal((await lazuli.verified(first.body.access_token)).aud, 'https://management.azure.com')
  assert.notEqual(first.body.refresh_token, token)
  const scope = 'https://vault.azure.net/.default offline_access'
  const second = await renew(lazuli, String(first.body.refresh_token), { scope })
  const claims = await lazuli.verified(second.body.access_token)
  assert.deepEqual([claims.aud, claims.oid], ['https://vault.azure.net', objectId])
})

test('a token that was used a while ago ends the session, for whoever holds the newest one, too', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  const newest = String((await renew(lazuli, token)).body.refresh_token)
  lazuli.clock.forwardBy(60_000)
  const replayed = await renew(lazuli, token)
  assert.deepEqual([replayed.status, replayed.body.error, replayed.body.error_codes], [400, 'invalid_grant', [70043]])
  assert.deepEqual((await renew(lazuli, newest)).body.error_codes, [70043])
})

test('two programs that share a cache may use one token at the same moment, and both go on', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  const answers = await Promise.all([renew(lazuli, token), renew(lazuli, token)])
  lazuli.clock.forwardBy(3_600_000)
  for (const { body } of answers) assert.equal((await renew(lazuli, String(body.refresh_token))).status, 200)
})

test('a misspelled resource does not cost the session', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  const scope = 'https://nobody.example/.default'
  assert.deepEqual((await renew(lazuli, token, { scope })).body.error_codes, [500011])
  assert.equal((await renew(lazuli, token)).status, 200)
})

test('another client cannot use it, and the rightful one still can', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  const other = await lazuli.application({ body: { isFallbackPublicClient: true } })
  assert.deepEqual((await renew(lazuli, token, { client_id: other.clientId })).body.error_codes, [70000])
  assert.equal((await renew(lazuli, token)).status, 200)
})

test('a changed password, a disabled account and a deleted one end every session', async t => {
  const lazuli = await openAuthority(t)
  const endings = {
    async changed(objectId: string) {
      await lazuli.store.write(async tx => {
        for (const { id } of await tx.principals.credentials(arrange, objectId))
          await tx.principals.removeCredential(arrange, id)
      })
      await lazuli.credential(objectId, { kind: 'password', verifier: await passwordVerifier('another one', 4) })
    },
    async disabled(objectId: string) {
      await lazuli.store.write(async tx => {
        const user = await tx.principals.get(arrange, { objectId })
        assert.ok(user)
        await tx.principals.put(arrange, { ...user, disabled: true })
      })
    },
    async deleted(objectId: string) {
      await lazuli.store.write(tx => tx.principals.remove(arrange, objectId))
    },
  }
  for (const [how, end] of Object.entries(endings)) {
    const { token, objectId } = await signedIn(lazuli)
    await end(objectId)
    assert.deepEqual((await renew(lazuli, token)).body.error_codes, [50173], how)
  }
})

test('it lasts for 90 days from its last use', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  lazuli.clock.forwardBy(89 * day)
  const renewed = await renew(lazuli, token)
  lazuli.clock.forwardBy(89 * day)
  const again = await renew(lazuli, String(renewed.body.refresh_token))
  assert.equal(again.status, 200)
  lazuli.clock.forwardBy(90 * day)
  assert.deepEqual((await renew(lazuli, String(again.body.refresh_token))).body.error_codes, [70043])
})

test('made-up tokens are refused', async t => {
  const lazuli = await openAuthority(t)
  const { token } = await signedIn(lazuli)
  const [family] = token.split('.')
  for (const made of ['x', '.', `${family}`, `nothing.${'x'.repeat(43)}`, `${token}.x`]) {
    assert.deepEqual((await renew(lazuli, made)).body.error_codes, [70043], made)
  }
})
