import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from './open-lazuli.ts'

test('a token that the fixture hands out opens exactly the doors of its roles', async t => {
  const lazuli = await openLazuli(t)
  const path = '/providers/Lazuli.Server/status'
  const reader = await lazuli.principal({ roles: [{ role: 'Reader' }] })
  const stranger = await lazuli.principal()
  const statusFor = async (token?: string) => (await lazuli.request('GET', path, { token })).status
  assert.equal(await statusFor(await lazuli.adminToken()), 200)
  assert.equal(await statusFor(reader.token), 200)
  assert.equal(await statusFor(stranger.token), 403)
  assert.equal(await statusFor(), 401)
})

test('time moves when a test says so, and tokens run out with it', async t => {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  lazuli.clock.forwardBy(3_601_000)
  const response = await lazuli.request('GET', '/providers/Lazuli.Server/status', { token })
  assert.equal(response.status, 401)
  assert.deepEqual(await response.json(), {
    error: {
      code: 'ExpiredAuthenticationToken',
      message: 'The access token expiry UTC time is earlier than current UTC time.',
    },
  })
})

test('what was kept is there when the same folder is opened again', async t => {
  const before = await openLazuli(t)
  await before.close()
  const after = await openLazuli(t, { folder: before.parts.config.directory })
  assert.deepEqual(after.directory, before.directory)
  assert.deepEqual(after.administrator, before.administrator)
})
