import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { expireContents } from '../../extents/expire.ts'
import { sweepExtents } from '../../extents/sweep.ts'
import { openStorage, storageAudience } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const long = (letter: string) => letter.repeat(50_000)
const dayMs = 24 * 60 * 60_000

/** An account that keeps what is deleted for seven days, with a container. */
async function openKeeping(t: TestContext) {
  const storage = await openStorage(t)
  const { arm, id, lazuli } = storage
  const owner = await lazuli.principal({ roles: [{ role: 'Storage Blob Data Owner' }] })
  // A token does not live for as long as what is deleted.
  const send: typeof storage.send = async (method, path, wish) =>
    storage.send(method, path, { ...wish, token: await owner.tokenFor(storageAudience) })
  const keepFor = (days: number | undefined) =>
    arm('PUT', `${id}/blobServices/default`, {
      properties: { deleteRetentionPolicy: days === undefined ? { enabled: false } : { enabled: true, days } },
    })
  await keepFor(7)
  await send('PUT', '/ctr?restype=container')
  return {
    lazuli,
    send,
    keepFor,
    put: (name: string, body: string, headers: Record<string, string> = {}) =>
      send('PUT', `/ctr/${name}`, { body, headers: { ...block, ...headers } }),
    get: async (name: string, at = '') => {
      const { status, text } = await send('GET', `/ctr/${name}${at === '' ? '' : `?snapshot=${at}`}`)
      return status === 200 ? text : status
    },
    /** Names, with `-` for what is deleted, and the times of snapshots apart. */
    async list(include = 'deleted,snapshots') {
      const { text } = await send('GET', `/ctr?restype=container&comp=list&include=${include}`)
      const blobs = text.split('<Blob>').slice(1)
      const in1 = (blob: string, tag: string) => new RegExp(`<${tag}>([^<]*)`).exec(blob)?.[1]
      return {
        names: blobs.map(
          one => `${in1(one, 'Deleted') ? '-' : ''}${in1(one, 'Name')}${in1(one, 'Snapshot') ? '@' : ''}`,
        ),
        times: blobs.flatMap(one => in1(one, 'Snapshot') ?? []),
        daysLeft: blobs.flatMap(one => in1(one, 'RemainingRetentionDays') ?? []),
      }
    },
    async sweep() {
      await expireContents(lazuli.parts)
      return sweepExtents(lazuli.parts, 0)
    },
  }
}

test('what is overwritten, in whatever way, stays as a deleted snapshot', async t => {
  const { send, put, get, list, sweep } = await openKeeping(t)
  await put('blob', long('1'), { 'x-ms-meta-n': '1', 'x-ms-tags': 'n=1' })
  const lease = await send('PUT', '/ctr/blob?comp=lease', {
    headers: { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' },
  })
  const leased = { 'x-ms-lease-id': lease.headers.get('x-ms-lease-id') ?? '' }
  assert.equal((await put('blob', '2')).status, 412)
  assert.equal((await put('blob', '2', leased)).status, 201)
  await send('PUT', '/ctr/blob?comp=block&blockid=AAAA', { body: '3', headers: leased })
  const commit = { body: '<BlockList><Latest>AAAA</Latest></BlockList>', headers: leased }
  assert.equal((await send('PUT', '/ctr/blob?comp=blocklist', commit)).status, 201)
  await put('other', long('4'))
  const copy = { ...leased, 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/other' }
  assert.equal((await send('PUT', '/ctr/blob', { headers: copy })).status, 202)
  assert.equal(await get('blob'), long('4'))

  assert.deepEqual((await list('')).names, ['blob', 'other'])
  assert.deepEqual((await list('deleted')).names, ['blob', 'other'])
  assert.deepEqual((await list('snapshots')).names, ['blob', 'other'])
  const { names, times, daysLeft } = await list()
  assert.deepEqual(names, ['-blob@', '-blob@', '-blob@', 'blob', 'other'])
  assert.deepEqual(daysLeft, ['6', '6', '6'])
  assert.equal(await get('blob', times[0]), 404)
  const found = await send('GET', `/?comp=blobs&where=${encodeURI(`"n"='1'`)}`)
  assert.doesNotMatch(found.text, /<Blob>/)
  assert.equal((await send('DELETE', '/ctr/blob', { headers: leased })).status, 202, 'they are in nobody’s way')
  assert.equal(await sweep(), 0)

  assert.equal((await send('PUT', '/ctr/blob?comp=undelete')).status, 200)
  assert.deepEqual((await list('snapshots')).names, ['blob@', 'blob@', 'blob@', 'blob', 'other'])
  assert.deepEqual(await Promise.all(times.map(time => get('blob', time))), [long('1'), '2', '3'])
  assert.equal(await get('blob'), long('4'))
  const source = { 'x-ms-copy-source': `https://acct1.blob.core.windows.net/ctr/blob?snapshot=${times[0]}` }
  assert.equal((await send('PUT', '/ctr/blob', { headers: source })).status, 202)
  assert.equal(await get('blob'), long('1'))
})

test('what is said about a blob can be changed without anything being kept', async t => {
  const { send, put, list } = await openKeeping(t)
  await put('blob', '1')
  await send('PUT', '/ctr/blob?comp=metadata', { headers: { 'x-ms-meta-a': 'b' } })
  await send('PUT', '/ctr/blob?comp=properties', { headers: { 'x-ms-blob-content-type': 'a/b' } })
  await send('PUT', '/ctr/blob?comp=tier', { headers: { 'x-ms-access-tier': 'Archive' } })
  await put('blob', '2')
  assert.deepEqual((await list()).names, ['blob'], 'nor is what was in the archive')
})

test('a new blob in the place of a deleted one does not take from it what it is kept for', async t => {
  const { send, put, get, list, lazuli, sweep } = await openKeeping(t)
  await put('blob', long('1'))
  await send('DELETE', '/ctr/blob')
  lazuli.clock.forwardBy(dayMs)
  await put('blob', '2')
  const kept = await list()
  assert.deepEqual([kept.names, kept.daysLeft], [['-blob@', 'blob'], ['5']])
  lazuli.clock.forwardBy(5.5 * dayMs)
  await sweep()
  assert.deepEqual((await list()).names, ['-blob@', 'blob'])
  lazuli.clock.forwardBy(dayMs)
  assert.equal(await sweep(), 1)
  assert.deepEqual((await list()).names, ['blob'])
  assert.equal(await get('blob'), '2')

  await send('DELETE', '/ctr/blob')
  await send('PUT', '/ctr/blob', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  assert.deepEqual((await list()).names, ['blob'], 'only one of another kind does')
})

test('what an account says later is not about what was deleted before', async t => {
  const { send, put, list, keepFor, lazuli, sweep } = await openKeeping(t)
  await put('a', '1')
  await send('DELETE', '/ctr/a')
  await keepFor(1)
  await put('b', '1')
  await send('DELETE', '/ctr/b')
  await keepFor(undefined)
  await put('c', '1')
  await send('DELETE', '/ctr/c')
  await put('c', '1')
  await put('c', '2')
  assert.deepEqual((await list()).names, ['-a', '-b', 'c'])
  lazuli.clock.forwardBy(2 * dayMs)
  await sweep()
  assert.deepEqual((await list()).names, ['-a', 'c'])
  assert.equal((await send('PUT', '/ctr/a?comp=undelete')).status, 200)
  assert.deepEqual((await list()).names, ['a', 'c'])
})

test('pages and appends of an overwritten blob come back as they were', async t => {
  const { send, put, get, list } = await openKeeping(t)
  await send('PUT', '/ctr/log', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  await send('PUT', '/ctr/log?comp=appendblock', { body: 'one' })
  await send('PUT', '/ctr/log', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  await send('PUT', '/ctr/log?comp=appendblock', { body: 'two' })
  const page = { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '512' }
  const update = { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=0-511' }
  for (const letter of ['a', 'b']) {
    await send('PUT', '/ctr/disk', { headers: page })
    await send('PUT', '/ctr/disk?comp=page', { headers: update, body: letter.repeat(512) })
  }
  await put('plain', 'x')
  for (const name of ['log', 'disk', 'plain']) await send('PUT', `/ctr/${name}?comp=undelete`)
  const { names, times } = await list()
  assert.deepEqual(names, ['disk@', 'disk', 'log@', 'log', 'plain'])
  assert.deepEqual([await get('log', times[1]), await get('log')], ['one', 'two'])
  assert.deepEqual([await get('disk', times[0]), await get('disk')], ['a'.repeat(512), 'b'.repeat(512)])
  assert.equal((await send('PUT', '/ctr/none?comp=undelete')).status, 404)
})
