/** Notice of the end of secrets and keys; that of certificates is beside their renewal. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Kysely } from 'kysely'
import { up as noticeOfEnds } from '../../store/migrations/0008-notice-of-ends.ts'
import { databaseFile, kyselyOver, openForWriting } from '../../store/sqlite.ts'
import { openDueWork } from './due-work.ts'
import { beginning as at, openVault } from './testing-vault.ts'

const day = 86_400
const iso = (seconds: number) => new Date(seconds * 1000).toISOString()

type Bundle = { readonly id?: string; readonly key?: { readonly kid: string } }

async function openNotices(t: Parameters<typeof openVault>[0]) {
  const vault = await openVault(t)
  const due = openDueWork(vault.parts)
  t.after(() => due.close())
  const ask = async (method: string, path: string, body: object): Promise<string> => {
    const answer = await vault.ask(method, path, { body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    const { id, key } = answer.body as Bundle
    return (id ?? key?.kid)?.split('/').at(-1) ?? ''
  }
  return {
    ...vault,
    due,
    setSecret: (exp?: number, more: object = {}) =>
      ask('PUT', '/secrets/s', { value: 'v', attributes: { exp, ...more } }),
    updateSecret: (attributes: object) => ask('PATCH', '/secrets/s', { attributes }),
    makeKey: (exp?: number) => ask('POST', '/keys/k/create', { kty: 'EC', attributes: { exp } }),
    /** What the activity log has got of it since the last look. */
    news: newsOf(async seconds => {
      vault.forwardBy(seconds)
      await due.run()
      return vault.auditRows()
    }),
  }
}

function newsOf(rowsAfter: (seconds: number) => Promise<readonly Readonly<Record<string, unknown>>[]>) {
  let seen = 0
  return async (seconds: number): Promise<unknown[]> => {
    const rows = (await rowsAfter(seconds)).filter(({ operation }) =>
      /\/(nearExpiry|expired)\//.test(String(operation)),
    )
    const fresh = rows.slice(0, rows.length - seen).reverse()
    seen = rows.length
    return fresh.map(({ operation, scope_key: scope, outcome, caller, detail }) => {
      assert.deepEqual([outcome, caller], ['Succeeded', 'system'])
      return [operation, String(scope).split('/').slice(-2).join('/'), detail]
    })
  }
}

const row = (kind: 'secrets' | 'keys', notice: 'nearExpiry' | 'expired', version: string, expires: number) => {
  const [noun, name] = kind === 'secrets' ? ['Secret', 's'] : ['Key', 'k']
  const type = `Microsoft.KeyVault.${noun}${notice === 'expired' ? 'Expired' : 'NearExpiry'}`
  const operation = `Microsoft.KeyVault/vaults/${kind}/${notice}/action`
  return [operation, `${kind}/${name}`, `${type}: ${version} expires ${iso(expires)}`]
}

for (const kind of ['secrets', 'keys'] as const) {
  test(`the end of ${kind} is on the record a month before, and when it has come, once each`, async t => {
    const { setSecret, makeKey, news } = await openNotices(t)
    const exp = at + 100 * day
    const version = await (kind === 'secrets' ? setSecret(exp) : makeKey(exp))
    assert.deepEqual(await news(70 * day - 1), [])
    assert.deepEqual(await news(1), [row(kind, 'nearExpiry', version, exp)])
    assert.deepEqual(await news(30 * day - 1), [])
    assert.deepEqual(await news(1), [row(kind, 'expired', version, exp)])
    assert.deepEqual(await news(day), [])
  })
}

test('an end that is moved is news again, and a new version has an end of its own', async t => {
  const { setSecret, updateSecret, news } = await openNotices(t)
  const first = await setSecret()
  assert.deepEqual(await news(50 * day), [])
  await updateSecret({ exp: at + 60 * day })
  assert.deepEqual(await news(0), [row('secrets', 'nearExpiry', first, at + 60 * day)])
  await updateSecret({ exp: at + 160 * day })
  assert.deepEqual(await news(20 * day), [])
  assert.deepEqual(await news(60 * day), [row('secrets', 'nearExpiry', first, at + 160 * day)])
  const second = await setSecret(at + 155 * day)
  assert.deepEqual(await news(0), [row('secrets', 'nearExpiry', second, at + 155 * day)])
  await setSecret()
  assert.deepEqual(await news(100 * day), [])
})

test('what is disabled, deleted or part of a certificate is no news before it is in use again', async t => {
  const { ask, setSecret, updateSecret, news } = await openNotices(t)
  const exp = at + 10 * day
  const version = await setSecret(exp, { enabled: false })
  const policy = { x509_props: { subject: 'CN=a', validity_months: 1 }, issuer: { name: 'Self' }, lifetime_actions: [] }
  assert.equal((await ask('POST', '/certificates/k/create', { body: { policy } })).status, 202)
  assert.deepEqual(
    (await news(2 * day)).map(one => (one as string[])[1]),
    ['certificates/k'],
  )
  await updateSecret({ enabled: true })
  assert.equal((await ask('DELETE', '/secrets/s')).status, 200)
  assert.deepEqual(await news(day), [])
  assert.equal((await ask('POST', '/deletedsecrets/s/recover')).status, 200)
  assert.deepEqual(await news(0), [row('secrets', 'nearExpiry', version, exp)])
})

test('a key says by its rotation policy how long before its end there is notice, and is rotated all the same', async t => {
  const { ask, makeKey, news } = await openNotices(t)
  const first = await makeKey(at + 100 * day)
  const notify = { trigger: { timeBeforeExpiry: 'P10D' }, action: { type: 'Notify' } }
  const rotate = { trigger: { timeBeforeExpiry: 'P7D' }, action: { type: 'Rotate' } }
  const policy = { lifetimeActions: [notify, rotate], attributes: { expiryTime: 'P50D' } }
  assert.equal((await ask('PUT', '/keys/k/rotationpolicy', { body: policy })).status, 200)
  assert.deepEqual(await news(90 * day - 1), [])
  assert.deepEqual(await news(1), [row('keys', 'nearExpiry', first, at + 100 * day)])
  assert.deepEqual(await news(3 * day), [])
  const { body } = await ask('GET', '/keys/k')
  const second = (body as Bundle).key?.kid.split('/').at(-1) ?? ''
  assert.notEqual(second, first)
  assert.deepEqual(await news(40 * day), [row('keys', 'nearExpiry', second, at + 143 * day)])
})

test('secrets and keys of before there was notice are found when the database is brought up to date', async t => {
  const { parts, setSecret, makeKey, news } = await openNotices(t)
  const version = await setSecret(at + 10 * day)
  const key = await makeKey(at + 90 * day)
  const db = kyselyOver(openForWriting(join(parts.config.directory, databaseFile)))
  await db.updateTable('vault_objects').set({ due_at: null }).execute()
  assert.deepEqual(await news(0), [])
  await noticeOfEnds(db as unknown as Kysely<unknown>)
  await db.destroy()
  assert.deepEqual(await news(0), [row('secrets', 'nearExpiry', version, at + 10 * day)])
  assert.deepEqual(await news(60 * day), [
    row('secrets', 'expired', version, at + 10 * day),
    row('keys', 'nearExpiry', key, at + 90 * day),
  ])
})
