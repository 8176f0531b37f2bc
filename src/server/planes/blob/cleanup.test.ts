import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import { expireContents } from '../../extents/expire.ts'
import { sweepExtents } from '../../extents/sweep.ts'
import { openStorage } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const grant = systemGrant('test')
const long = 'x'.repeat(50_000)

test('the sweep removes what nothing refers to any more, and nothing that something does', async t => {
  const { send, lazuli } = await openStorage(t)
  const { extents } = lazuli.parts
  const extentsLeft = async () => {
    let count = 0
    for await (const ids of extents.idleFor(0)) count += ids.length
    return count
  }
  const sweep = async () => {
    await expireContents(lazuli.parts)
    return sweepExtents(lazuli.parts, 0)
  }
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/gone?restype=container')
  for (const path of ['/ctr/kept', '/ctr/replaced', '/ctr/source', '/gone/blob'])
    await send('PUT', path, { body: long, headers: block })
  await send('PUT', '/ctr/kept?comp=block&blockid=AAAA', { body: long })
  assert.equal(
    (
      await send('PUT', '/ctr/copy', {
        headers: { 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/source' },
      })
    ).status,
    202,
  )
  assert.equal(await sweep(), 0)
  assert.equal(await extentsLeft(), 5)

  await send('PUT', '/ctr/replaced', { body: 'short', headers: block })
  await send('DELETE', '/ctr/source')
  await send('DELETE', '/gone?restype=container')
  assert.equal(await sweep(), 2)
  for (const path of ['/ctr/kept', '/ctr/copy']) assert.equal((await send('GET', path)).text, long)

  lazuli.clock.forwardBy(8 * 24 * 60 * 60_000)
  assert.equal(await sweep(), 1, 'the block that nobody committed')
  assert.equal(await extentsLeft(), 2)
})

test('what is deleted can be undeleted for as long as the account says', async t => {
  const { send, arm, id, lazuli } = await openStorage(t)
  await arm('PUT', `${id}/blobServices/default`, { properties: { deleteRetentionPolicy: { enabled: true, days: 2 } } })
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: long, headers: block })
  const deleted = await send('DELETE', '/ctr/blob')
  assert.deepEqual([deleted.status, deleted.headers.get('x-ms-delete-type-permanent')], [202, 'false'])
  assert.equal((await send('GET', '/ctr/blob')).status, 404)
  const list = () => send('GET', '/ctr?restype=container&comp=list&include=deleted').then(({ text }) => text)
  assert.match(await list(), /<Name>blob<\/Name><Deleted>true<\/Deleted>/)
  await expireContents(lazuli.parts)
  assert.equal((await send('PUT', '/ctr/blob?comp=undelete')).status, 200)
  assert.equal((await send('GET', '/ctr/blob')).text, long)
})

test('a status report has every account with what is in it', async t => {
  const { send, lazuli } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const report = async () => {
    const answer = await lazuli.request('GET', '/providers/Lazuli.Server/status', { token: await lazuli.adminToken() })
    return ((await answer.json()) as { storageAccounts: unknown }).storageAccounts
  }
  const put = (path: string, body: string) => send('PUT', path, { body, headers: block })
  assert.deepEqual(await report(), [{ account: 'acct1', containers: 1, blobs: 0, bytes: 0 }])
  for (const name of ['one', 'two', 'three']) await put(`/ctr/${name}`, 'hello')
  await send('PUT', '/other?restype=container')
  await put('/other/blob', 'x')
  assert.deepEqual(await report(), [{ account: 'acct1', containers: 2, blobs: 4, bytes: 16 }])
  await put('/ctr/one', 'longer')
  await send('PUT', '/ctr/two?comp=snapshot')
  await send('DELETE', '/ctr/three')
  assert.deepEqual(await report(), [{ account: 'acct1', containers: 2, blobs: 4, bytes: 17 }])
  await send('DELETE', '/other?restype=container')
  assert.deepEqual(await report(), [{ account: 'acct1', containers: 1, blobs: 3, bytes: 16 }])
  await expireContents(lazuli.parts)
  assert.deepEqual(await report(), [{ account: 'acct1', containers: 1, blobs: 3, bytes: 16 }])
})

test('blocks that nobody commits go after a week, and those of a deleted container with it, some at a time', async t => {
  const { send, lazuli } = await openStorage(t)
  for (const name of ['ctr', 'gone']) await send('PUT', `/${name}?restype=container`)
  const { store } = lazuli.parts
  const account = await store.storageAccounts.get(grant, { name: 'acct1' })
  assert.ok(account)
  const [kept, gone] = [
    await store.blobContainers.get(grant, account, 'ctr'),
    await store.blobContainers.get(grant, account, 'gone'),
  ]
  assert.ok(kept && gone)
  const bytes = Buffer.from('x')
  const now = lazuli.clock.now()
  await store.write(async tx => {
    for (let n = 0; n < 7; n++) {
      for (const container of [kept, gone])
        await tx.blobs.putBlock(grant, container, 'old', { id: `${n}`, length: 1, bytes }, now)
    }
    await tx.blobs.putBlock(grant, kept, 'young', { id: 'a', length: 1, bytes }, now + 1)
  })
  await send('DELETE', '/gone?restype=container')
  const clear = () => store.write(tx => tx.blobs.clear(grant, gone.number, 5))
  assert.deepEqual([await clear(), await clear()], [true, false])
  assert.deepEqual(await store.blobs.blockLengths(grant, gone, 'old'), [])
  const expire = () => store.write(tx => tx.blobs.expireBlocks(grant, now + 1, 5))
  assert.deepEqual([await expire(), await expire()], [true, false])
  assert.deepEqual(await store.blobs.blockLengths(grant, kept, 'old'), [])
  assert.equal((await store.blobs.blockLengths(grant, kept, 'young')).length, 1)
})
