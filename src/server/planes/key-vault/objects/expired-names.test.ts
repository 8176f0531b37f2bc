import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../../access/grant.ts'
import { openVault } from '../testing-vault.ts'

const retentionSec = 90 * 24 * 3600

test('the name of what nobody can recover any more is free, though it is not cleared away yet', async t => {
  const vault = await openVault(t)
  await vault.ask('PUT', '/secrets/a', { body: { value: 'old' } })
  await vault.ask('PUT', '/secrets/b', { body: { value: 'old' } })
  const { value: backup } = (await vault.ask('POST', '/secrets/b/backup')).body as { value: string }
  await vault.ask('DELETE', '/secrets/a')
  await vault.ask('DELETE', '/secrets/b')
  vault.forwardBy(retentionSec + 1)
  assert.equal((await vault.ask('PUT', '/secrets/a', { body: { value: 'new' } })).status, 200)
  assert.equal((await vault.ask('POST', '/secrets/restore', { body: { value: backup } })).status, 200)
  await vault.parts.store.write(tx => tx.vaults.purgeDue(systemGrant('purge')))
  const read = async (name: string) => {
    const { status, body } = await vault.ask('GET', `/secrets/${name}`)
    return [status, (body as { value?: string }).value]
  }
  assert.deepEqual(await read('a'), [200, 'new'])
  assert.deepEqual(await read('b'), [200, 'old'])
  const { value } = (await vault.ask('GET', '/secrets/a/versions')).body as { value: unknown[] }
  assert.equal(value.length, 1)
})
