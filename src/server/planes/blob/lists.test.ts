import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import { type OpenStorage, openStorage } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const grant = systemGrant('test')

const markerIn = (text: string) => /<NextMarker>([^<]+)/.exec(text)?.[1]

/** All pages of a list, of so many entries each at most. */
async function pages({ send }: OpenStorage, query: string, size: number): Promise<string[][]> {
  const found: string[][] = []
  for (let marker: string | undefined = ''; marker !== undefined && found.length < 100; ) {
    const { status, text } = await send('GET', `${query}&maxresults=${size}&marker=${encodeURIComponent(marker)}`)
    assert.equal(status, 200, text)
    const blobs = text.split(/(?=<Blob>|<BlobPrefix>)/).slice(1)
    found.push(
      blobs.map(one => [/<Name>([^<]*)/.exec(one)?.[1], /<Snapshot>([^<]*)/.exec(one)?.[1]].filter(Boolean).join('@')),
    )
    marker = markerIn(text)
  }
  return found
}

test('pages of any size are one list, whatever is between what they show', async t => {
  const storage = await openStorage(t)
  const { send, arm, id } = storage
  await arm('PUT', `${id}/blobServices/default`, { properties: { deleteRetentionPolicy: { enabled: true, days: 2 } } })
  await send('PUT', '/ctr?restype=container')
  const put = (name: string) => send('PUT', `/ctr/${encodeURIComponent(name)}`, { body: 'x', headers: block })
  const folder = Array.from({ length: 12 }, (_, n) => `a/${n + 10}`)
  for (const name of [...folder, 'a', 'a.', 'b/c/d', 'b/e', 'b/gone', 'c/gone', 'd', 'e/\uffed', 'e/\u{1f600}', 'z'])
    await put(name)
  for (const name of ['b/gone', 'c/gone']) await send('DELETE', `/ctr/${encodeURIComponent(name)}`)
  const taken = (await send('PUT', '/ctr/d?comp=snapshot')).headers.get('x-ms-snapshot')
  for (const name of ['a%2F10', 'b%2Fblocks', 'c%2Fgone', 'y'])
    await send('PUT', `/ctr/${name}?comp=block&blockid=AAAA`, { body: 'x' })

  const flat = ['a', 'a.', ...folder, 'b/c/d', 'b/e', 'd', 'e/\uffed', 'e/\u{1f600}', 'z']
  const cases: [query: string, expected: string[]][] = [
    ['', flat],
    ['&prefix=a%2F', folder],
    ['&prefix=e%2F%F0%9F%98%80', ['e/\u{1f600}']],
    ['&delimiter=%2F', ['a', 'a.', 'a/', 'b/', 'd', 'e/', 'z']],
    ['&delimiter=%2F&prefix=b%2F', ['b/c/', 'b/e']],
    ['&delimiter=%2F&include=deleted', ['a', 'a.', 'a/', 'b/', 'c/', 'd', 'e/', 'z']],
    ['&delimiter=%2F&include=uncommittedblobs', ['a', 'a.', 'a/', 'b/', 'd', 'e/', 'y', 'z']],
    ['&prefix=b&include=uncommittedblobs', ['b/blocks', 'b/c/d', 'b/e']],
    ['&prefix=d&include=snapshots', [`d@${taken}`, 'd']],
  ]
  for (const [query, expected] of cases) {
    for (const size of [1, 2, 5000]) {
      const found = await pages(storage, `/ctr?restype=container&comp=list${query}`, size)
      assert.deepEqual(found.flat(), expected, `${query} ${size}`)
      assert.equal(found.length, Math.ceil(expected.length / size), `${query} ${size}`)
    }
  }
})

test('a marker that was tampered with shows nothing outside the prefix', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  for (const name of ['a', 'e/%EF%BF%AD', 'e/%F0%9F%98%80'])
    await send('PUT', `/ctr/${name}`, { body: 'x', headers: block })
  for (const name of ['', 'a', 'e/\uff00']) {
    const marker = `2!${Buffer.from(JSON.stringify({ name })).toString('base64url')}`
    const { text } = await send('GET', `/ctr?restype=container&comp=list&prefix=e/%F0%9F%98%80&marker=${marker}`)
    assert.deepEqual(text.match(/<Name>[^<]*/g), ['<Name>e/\u{1f600}'], name)
  }
})

test('blobs are found by their tags page by page, each of them once', async t => {
  const storage = await openStorage(t)
  const { send } = storage
  for (const container of ['one', 'two']) await send('PUT', `/${container}?restype=container`)
  const put = (path: string, tags: string) => send('PUT', path, { body: 'x', headers: { ...block, 'x-ms-tags': tags } })
  for (const n of [5, 3, 1, 4, 2]) {
    await put(`/one/b${n}`, `n=${n}&kind=${n % 2 ? 'odd' : 'even'}`)
    await put(`/two/b${n}`, `n=${n}`)
  }
  await send('PUT', '/one/plain', { body: 'x', headers: block })
  await put('/one/b1', 'n=7&kind=odd')
  const odd = ['b1', 'b3', 'b5']
  const cases: [query: string, expected: string[]][] = [
    [`/?comp=blobs&where="kind"='odd'`, odd],
    [`/?comp=blobs&where="n">'2' AND "kind"='odd'`, odd],
    [`/?comp=blobs&where="n">'2' AND "n"<='4' AND @container='one'`, ['b3', 'b4']],
    [`/?comp=blobs&where=@container='one'`, ['b2', 'b4', 'b1', 'b3', 'b5']],
    [`/?comp=blobs&where="n">='4'`, ['b4', 'b5', 'b1', 'b4', 'b5']],
    [`/two?restype=container&comp=blobs&where="n"<'3'`, ['b1', 'b2']],
    [`/two?restype=container&comp=blobs&where="m"='1'`, []],
  ]
  for (const [query, expected] of cases) {
    for (const size of [1, 2, 5000]) {
      const found = await pages(storage, encodeURI(query), size)
      assert.deepEqual(found.flat(), expected, `${query} ${size}`)
      assert.equal(found.length, Math.max(1, Math.ceil(expected.length / size)), `${query} ${size}`)
    }
  }
})

test('a page that finds nothing to show ends in time, and says that there is more', async t => {
  const storage = await openStorage(t)
  const { send, lazuli } = storage
  await send('PUT', '/ctr?restype=container')
  const { store } = lazuli.parts
  const account = await store.storageAccounts.get(grant, { name: 'acct1' })
  assert.ok(account)
  const container = await store.blobContainers.get(grant, account, 'ctr')
  assert.ok(container)
  const gone = {
    kind: 'BlockBlob',
    etag: '',
    length: 0,
    createdAt: 1,
    changedAt: 1,
    headers: {},
    metadata: {},
  } as const
  await store.write(async tx => {
    for (let n = 0; n < 1_100; n++) {
      const blob = { ...gone, name: `gone-${n}`, deletedAt: 1, tags: { a: 'b' } }
      await tx.blobs.put(grant, container, blob, undefined)
    }
  })
  await send('PUT', '/ctr/kept', { body: 'x', headers: { ...block, 'x-ms-tags': 'a=b' } })
  for (const query of ['/ctr?restype=container&comp=list', `/?comp=blobs&where=${encodeURI(`"a"='b'`)}`])
    assert.deepEqual(await pages(storage, query, 1), [[], ['kept']], query)
})
