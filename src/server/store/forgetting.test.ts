import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemGrant } from '../access/grant.ts'
import type { AccountRules } from './storage-accounts.ts'
import { openTestStore } from './testing.ts'

const everything = systemGrant('test')
const named = { name: 'acct' }
const rules: AccountRules = {
  sharedKey: true,
  publicAccess: false,
  network: { allowByDefault: true, ranges: [] },
  kind: 'StorageV2',
  sku: 'Standard_LRS',
  accessTier: 'Hot',
}

async function storeWithContainer(t: TestContext) {
  const { store } = await openTestStore(t)
  const about = { createdAt: 1, changedAt: 1, etag: '0x1', metadata: {} }
  const made = await store.write(async tx => {
    const account = await tx.storageAccounts.create(everything, {
      ...named,
      id: '/acct',
      rules,
      createdAt: 1,
      keys: [],
    })
    assert.ok(account)
    const container = await tx.blobContainers.create(everything, account, { ...about, name: 'c', policies: [] })
    assert.ok(container)
    return { account, container }
  })
  return { store, about, ...made }
}

test('a write of blobs alone makes nobody forget what else was read; a change of their account does', async t => {
  const { store, about, account, container } = await storeWithContainer(t)
  const before = store.revision
  await store.write(tx =>
    tx.blobs.put(everything, container, { ...about, name: 'b', kind: 'BlockBlob', length: 0, headers: {} }, undefined),
  )
  assert.equal(store.revision, before)

  await store.write(tx => tx.storageAccounts.update(everything, { ...account, rules: { ...rules, sharedKey: false } }))
  assert.equal(store.revision, before + 1)
  assert.equal((await store.storageAccounts.get(everything, named))?.rules.sharedKey, false)
})

test('work sees what it has changed, and the next one nothing of what was taken back', async t => {
  const { store, account } = await storeWithContainer(t)
  const tier = async (reads: Pick<typeof store, 'storageAccounts'>) =>
    (await reads.storageAccounts.get(everything, named))?.rules.accessTier
  const seen: (string | undefined)[] = []
  const undone = store.write(async tx => {
    seen.push(await tier(tx))
    await tx.storageAccounts.update(everything, { ...account, rules: { ...rules, accessTier: 'Cool' } })
    seen.push(await tier(tx))
    throw new Error('no')
  })
  const next = store.write(async tx => seen.push(await tier(tx)))
  await assert.rejects(undone, { message: 'no' })
  await next
  assert.deepEqual(seen, ['Hot', 'Cool', 'Hot'])
  assert.equal(await tier(store), 'Hot')
})

test('a container that is deleted is gone for the work behind it in the same commit', async t => {
  const { store, account, container } = await storeWithContainer(t)
  const find = () => store.write(tx => tx.blobContainers.get(everything, account, 'c'))
  const [before, , after] = await Promise.all([
    find(),
    store.write(tx => tx.blobContainers.remove(everything, container)),
    find(),
  ])
  assert.deepEqual([before?.name, after], ['c', undefined])
})
