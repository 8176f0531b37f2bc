import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretVerifier } from '../../directory/credentials.ts'
import { armScope, azureCli, type OpenAuthority, openAuthority } from './testing.ts'

const form = { grant_type: 'password', client_id: azureCli, scope: armScope }

const attempt = async (lazuli: OpenAuthority, username: string, password: string, address: string) => {
  const { status, body, headers } = await lazuli.ask({ ...form, username, password }, { address })
  return { status, code: (body.error_codes as number[] | undefined)?.[0], retryAfter: headers.get('retry-after') }
}

test('after ten wrong passwords an address waits longer and longer for that account, a minute at most', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const guess = (text: string) => attempt(lazuli, username, text, '192.0.2.1')
  for (let i = 0; i < 11; i++) assert.equal((await guess('wrong')).code, 50126)

  for (const wait of [1, 2, 4, 8, 16, 32, 60, 60]) {
    assert.deepEqual(await guess(password), { status: 429, code: 50053, retryAfter: String(wait) })
    lazuli.clock.forwardBy(wait * 1000)
    assert.equal((await guess('wrong')).code, 50126)
  }
  lazuli.clock.forwardBy(60_000)
  assert.equal((await guess(password)).status, 200)
  assert.equal((await guess('wrong')).code, 50126)
  assert.equal((await guess(password)).status, 200)
})

test('who guesses from one address does not lock the owner out, who comes from another', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  for (let i = 0; i < 12; i++) await attempt(lazuli, username, 'wrong', '192.0.2.1')
  assert.equal((await attempt(lazuli, username, password, '192.0.2.1')).code, 50053)
  assert.equal((await attempt(lazuli, username, password, '192.0.2.2')).status, 200)
})

test('who tries one password on many accounts is slowed down by address', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const others = await Promise.all(Array.from({ length: 31 }, () => lazuli.user()))
  for (const other of others) await attempt(lazuli, other.username, 'Spring2026!', '192.0.2.1')
  assert.equal((await attempt(lazuli, username, password, '192.0.2.1')).code, 50053)
  assert.equal((await attempt(lazuli, username, password, '192.0.2.2')).status, 200)
})

test('a hundred guesses at once count as a hundred', async t => {
  const lazuli = await openAuthority(t)
  const { username } = await lazuli.user()
  const guesses = Array.from({ length: 40 }, () => attempt(lazuli, username, 'wrong', '192.0.2.1'))
  const codes = (await Promise.all(guesses)).map(({ code }) => code)
  assert.equal(codes.filter(code => code === 50126).length, 11)
  assert.equal(codes.filter(code => code === 50053).length, 29)
})

test('failures are forgotten a quarter of an hour after the last one', async t => {
  const lazuli = await openAuthority(t)
  const { username } = await lazuli.user()
  for (let i = 0; i < 10; i++) await attempt(lazuli, username, 'wrong', '192.0.2.1')
  lazuli.clock.forwardBy(15 * 60_000 + 1)
  for (let i = 0; i < 10; i++) assert.equal((await attempt(lazuli, username, 'wrong', '192.0.2.1')).code, 50126)
})

test('a program with an old secret in a loop is blocked, but nobody else at its address, nor who has the right one', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, objectId } = await lazuli.application()
  await lazuli.credential(objectId, { kind: 'secret', verifier: secretVerifier('right') })
  const asked = async (client_id: string, client_secret: string) => {
    const { body } = await lazuli.ask({ grant_type: 'client_credentials', scope: armScope, client_id, client_secret })
    return (body.error_codes as number[] | undefined)?.[0]
  }
  for (let i = 0; i < 41; i++) await asked(clientId, 'old')
  assert.equal(await asked(clientId, 'old'), 50053)
  assert.equal(await asked(clientId, 'right'), undefined)
  assert.equal(await asked(lazuli.administrator.clientId, lazuli.administrator.clientSecret), undefined)
  const { username, password } = await lazuli.user()
  assert.equal((await attempt(lazuli, username, password, '127.0.0.1')).status, 200)
  lazuli.clock.forwardBy(60_000)
  assert.equal(await asked(clientId, 'old'), 7000215)
})
