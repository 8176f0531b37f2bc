import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expireContents } from '../../extents/expire.ts'
import { sweepExtents } from '../../extents/sweep.ts'
import { openStorage } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
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
  for (const name of ['one', 'two']) await send('PUT', `/ctr/${name}`, { body: 'hello', headers: block })
  const answer = await lazuli.request('GET', '/providers/Lazuli.Server/status', { token: await lazuli.adminToken() })
  const { storageAccounts } = (await answer.json()) as { storageAccounts: unknown }
  assert.deepEqual(storageAccounts, [{ account: 'acct1', containers: 1, blobs: 2, bytes: 10 }])
})
