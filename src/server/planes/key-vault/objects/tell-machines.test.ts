import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVault } from '../testing-vault.ts'

test('a machine hears of a secret that can be had again: enabled, recovered, restored', async t => {
  const {
    ask,
    parts: { agents },
  } = await openVault(t)
  const id = 'https://safe.vault.azure.net/secrets/web'
  const none = { path: '/store/safe.web', installed: null, nextPoll: null, lastPoll: null }
  agents.observe('machine', [{ ...none, id, lastError: '', lastRenewal: '' }])
  let before: string | undefined
  const hears = async (what: string, method: string, path: string, body?: unknown) => {
    const answer = await ask(method, path, body === undefined ? {} : { body })
    assert.ok(answer.status < 300, `${what}: ${JSON.stringify(answer.body)}`)
    const change = agents.changedSecrets('machine')[0]?.change
    const isNews = change !== before
    before = change
    return isNews
  }
  assert.equal(await hears('set', 'PUT', '/secrets/web', { value: 'x' }), true)
  assert.equal(await hears('disable', 'PATCH', '/secrets/web', { attributes: { enabled: false } }), true)
  assert.equal(await hears('tag', 'PATCH', '/secrets/web', { tags: { a: 'b' } }), false)
  assert.equal(await hears('enable', 'PATCH', '/secrets/web', { attributes: { enabled: true } }), true)
  const backup = await ask('POST', '/secrets/web/backup')
  assert.equal(await hears('delete', 'DELETE', '/secrets/web'), false)
  assert.equal(await hears('recover', 'POST', '/deletedsecrets/web/recover'), true)
  await ask('DELETE', '/secrets/web')
  await ask('DELETE', '/deletedsecrets/web')
  assert.equal(await hears('restore', 'POST', '/secrets/restore', backup.body), true)
  assert.equal(await hears('key', 'POST', '/keys/web2/create', { kty: 'EC' }), false)
})
