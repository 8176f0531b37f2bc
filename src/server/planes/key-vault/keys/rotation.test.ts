import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDueWork } from '../due-work.ts'
import { type Asked, beginning as at, openVault } from '../testing-vault.ts'

const day = 86_400
const id = 'https://safe.vault.azure.net/keys/k/rotationpolicy'
const rotate = (trigger: object) => ({ trigger, action: { type: 'Rotate' } })
const notify = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }
const kidOf = ({ body }: Asked) => (body as { key: { kid: string } }).key.kid

async function openKey(t: Parameters<typeof openVault>[0], wish: object = { kty: 'EC' }) {
  const vault = await openVault(t)
  const due = openDueWork(vault.parts)
  t.after(() => due.close())
  const made = await vault.ask('POST', '/keys/k/create', { body: wish })
  return { ...vault, due, made, put: (body: object) => vault.ask('PUT', '/keys/k/rotationpolicy', { body }) }
}

test('a key has a policy from the beginning, which can be changed and put back', async t => {
  const { ask, put, forwardBy } = await openKey(t)
  const usual = await ask('GET', '/keys/k/rotationpolicy')
  assert.deepEqual([usual.status, usual.body], [200, { id, lifetimeActions: [notify], attributes: {} }])
  const wish = { lifetimeActions: [rotate({ timeAfterCreate: 'P90D' })], attributes: { expiryTime: 'P1Y' } }
  const set = await put(wish)
  const expected = {
    id,
    lifetimeActions: [rotate({ timeAfterCreate: 'P90D' }), notify],
    attributes: { expiryTime: 'P1Y', created: at, updated: at },
  }
  assert.deepEqual([set.status, set.body], [200, expected])
  forwardBy(5)
  const early = { trigger: { timeBeforeExpiry: 'P40D', timeAfterCreate: null }, action: { type: 'notify' } }
  assert.deepEqual((await put({ lifetimeActions: [early], attributes: { expiryTime: 'P60D' } })).body, {
    id,
    lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P40D' }, action: { type: 'Notify' } }],
    attributes: { expiryTime: 'P60D', created: at, updated: at + 5 },
  })
  assert.deepEqual((await put({ lifetimeActions: [] })).body, {
    id,
    lifetimeActions: [notify],
    attributes: { created: at, updated: at + 5 },
  })
})

test('a policy that cannot be kept is refused by what is wrong with it, and the old one stays', async t => {
  const { ask, put } = await openKey(t)
  const before = (await ask('GET', '/keys/k/rotationpolicy')).body
  const year = { expiryTime: 'P1Y' }
  for (const [body, property] of [
    [{ attributes: { expiryTime: 'P27D' } }, 'attributes.expiryTime'],
    [{ attributes: { expiryTime: 'soon' } }, 'attributes.expiryTime'],
    [{ attributes: { expiryTime: 'P9999Y' } }, 'attributes.expiryTime'],
    [{ lifetimeActions: [rotate({ timeAfterCreate: 'P6D' })] }, 'lifetimeActions[0].trigger.timeAfterCreate'],
    [{ lifetimeActions: [rotate({})] }, 'lifetimeActions[0].trigger'],
    [
      { lifetimeActions: [rotate({ timeAfterCreate: 'P9D', timeBeforeExpiry: 'P9D' })], attributes: year },
      'lifetimeActions[0].trigger',
    ],
    [{ lifetimeActions: [rotate({ timeBeforeExpiry: 'P30D' })] }, 'lifetimeActions[0]'],
    [
      { lifetimeActions: [rotate({ timeBeforeExpiry: 'P360D' })], attributes: year },
      'lifetimeActions[0].trigger.timeBeforeExpiry',
    ],
    [
      { lifetimeActions: [rotate({ timeAfterCreate: 'P360D' })], attributes: year },
      'lifetimeActions[0].trigger.timeAfterCreate',
    ],
    [{ lifetimeActions: [rotate({ timeAfterCreate: 'P9D' }), rotate({ timeAfterCreate: 'P8D' })] }, 'lifetimeActions'],
    [
      { lifetimeActions: [{ trigger: { timeAfterCreate: 'P9D' }, action: { type: 'Notify' } }] },
      'lifetimeActions[0].trigger',
    ],
    [{ lifetimeActions: [{ trigger: {}, action: { type: 'Burn' } }] }, 'lifetimeActions[0].action.type'],
    [{ lifetimeActions: 'none' }, 'lifetimeActions'],
  ] as const) {
    const { status, body: refused } = await put(body)
    const { code, message } = (refused as { error: { code: string; message: string } }).error
    assert.deepEqual([status, code], [400, 'BadParameter'])
    assert.ok(message.startsWith(`Property ${property} has invalid value: `), message)
  }
  assert.deepEqual((await ask('GET', '/keys/k/rotationpolicy')).body, before)
  assert.equal((await ask('GET', '/keys/nobody/rotationpolicy')).status, 404)
  assert.equal((await ask('PUT', '/keys/nobody/rotationpolicy', { body: {} })).status, 404)
})

test('a rotation makes a version of the same sort, which expires by the policy', async t => {
  const wish = { kty: 'RSA', key_size: 3072, key_ops: ['sign'], tags: { a: 'b' }, attributes: { exp: at + 9 } }
  const { ask, put, made } = await openKey(t, wish)
  await put({ attributes: { expiryTime: 'P28D' } })
  const rotated = await ask('POST', '/keys/k/rotate')
  assert.notEqual(kidOf(rotated), kidOf(made))
  const { key } = rotated.body as { key: { n: string } }
  assert.deepEqual(rotated.body, {
    key: { kid: kidOf(rotated), kty: 'RSA', key_ops: ['sign'], n: key.n, e: 'AQAB' },
    attributes: {
      enabled: true,
      exp: at + 28 * day,
      created: at,
      updated: at,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: 90,
      exportable: false,
    },
    tags: { a: 'b' },
  })
  assert.equal(Buffer.from(key.n, 'base64url').length, 384)
  assert.equal((await ask('POST', '/keys/nobody/rotate')).status, 404)
})

test('a key is rotated by itself when its time after creation has come, again and again', async t => {
  const { ask, put, due, made, forwardBy } = await openKey(t)
  await put({ lifetimeActions: [rotate({ timeAfterCreate: 'P7D' })] })
  const newest = async () => kidOf(await ask('GET', '/keys/k'))
  const seen = [kidOf(made)]
  for (let round = 0; round < 3; round++) {
    forwardBy(7 * day - 1)
    await due.run()
    assert.equal(await newest(), seen.at(-1))
    forwardBy(1)
    await due.run()
    seen.push(await newest())
  }
  assert.equal(new Set(seen).size, 4)
})

test('a key is rotated before it expires, however the day of that was set', async t => {
  const { ask, put, due, forwardBy, made } = await openKey(t)
  const newest = async () => kidOf(await ask('GET', '/keys/k'))
  await put({ lifetimeActions: [rotate({ timeBeforeExpiry: 'P10D' })], attributes: { expiryTime: 'P30D' } })
  forwardBy(300 * day)
  await due.run()
  assert.equal(await newest(), kidOf(made), 'it never expires')
  await ask('PATCH', '/keys/k', { body: { attributes: { exp: at + 311 * day } } })
  await due.run()
  assert.equal(await newest(), kidOf(made))
  forwardBy(day)
  await due.run()
  const second = await ask('GET', '/keys/k')
  assert.notEqual(kidOf(second), kidOf(made))
  assert.equal((second.body as { attributes: { exp: number } }).attributes.exp, at + 331 * day)
  forwardBy(20 * day)
  await due.run()
  assert.notEqual(await newest(), kidOf(second))
})

test('what is deleted is not rotated, and is as soon as it is back', async t => {
  const { ask, put, due, made, forwardBy } = await openKey(t)
  await put({ lifetimeActions: [rotate({ timeAfterCreate: 'P7D' })] })
  await ask('DELETE', '/keys/k')
  forwardBy(8 * day)
  await due.run()
  assert.equal(kidOf(await ask('POST', '/deletedkeys/k/recover')), kidOf(made))
  await due.run()
  assert.notEqual(kidOf(await ask('GET', '/keys/k')), kidOf(made))
})
