import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStorage } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const at = (name: string) => ({ 'x-ms-copy-source': `https://acct1.blob.core.windows.net/ctr/${name}` })

test('a blob comes back from the archive after a while, and can only be described or replaced until then', async t => {
  const { send, lazuli } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/old', { body: 'old', headers: { ...block, 'x-ms-access-tier': 'Archive' } })
  const code = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const { status, headers: told } = await send(method, path, { headers })
    return [status, told.get('x-ms-error-code')]
  }
  const archived = [409, 'BlobArchived']
  assert.deepEqual(await code('GET', '/ctr/old'), archived)
  for (const comp of ['snapshot', 'metadata', 'properties', 'block&blockid=AAAA'])
    assert.deepEqual(await code('PUT', `/ctr/old?comp=${comp}`), archived, comp)
  assert.deepEqual(await code('PUT', '/ctr/copy', at('old')), archived)
  assert.deepEqual(await code('PUT', '/ctr/copy', { ...at('old'), 'x-ms-access-tier': 'Cool' }), [202, null])

  const to = (tier: string, priority?: string) =>
    code('PUT', '/ctr/old?comp=tier', {
      'x-ms-access-tier': tier,
      ...(priority === undefined ? {} : { 'x-ms-rehydrate-priority': priority }),
    })
  assert.deepEqual(await to('Hot', 'Banana'), [400, 'InvalidHeaderValue'])
  assert.deepEqual(await to('Hot'), [202, null])
  const shown = async (name: string) => {
    const { headers } = await send('HEAD', `/ctr/${name}`)
    return ['access-tier', 'archive-status', 'rehydrate-priority'].map(one => headers.get(`x-ms-${one}`))
  }
  assert.deepEqual(await shown('old'), ['Archive', 'rehydrate-pending-to-hot', 'Standard'])
  assert.deepEqual(await shown('copy'), ['Archive', 'rehydrate-pending-to-cool', 'Standard'])
  const { text } = await send('GET', '/ctr?restype=container&comp=list')
  assert.match(text, /<ArchiveStatus>rehydrate-pending-to-hot<\/ArchiveStatus><RehydratePriority>Standard</)
  assert.deepEqual(await code('GET', '/ctr/old'), archived)
  assert.deepEqual(await to('Cool'), [409, 'BlobBeingRehydrated'])
  assert.deepEqual(await to('Hot', 'High'), [202, null])
  lazuli.clock.forwardBy(61_000)
  assert.deepEqual(await shown('old'), ['Hot', null, null])
  assert.equal((await send('GET', '/ctr/old')).text, 'old')
  assert.equal((await send('GET', '/ctr/copy')).text, 'old')
  assert.deepEqual(await to('Cool'), [200, null])
  assert.deepEqual(await shown('old'), ['Cool', null, null])
})

test('a block blob is made of any other, and a copy of appends can be closed', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/pages', { headers: { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '2048' } })
  const page = { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=512-1023' }
  await send('PUT', '/ctr/pages?comp=page', { headers: page, body: 'p'.repeat(512) })
  await send('PUT', '/ctr/appends', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  for (const body of ['one ', 'two']) await send('PUT', '/ctr/appends?comp=appendblock', { body })
  const status = async (path: string, headers: Record<string, string>) => (await send('PUT', path, { headers })).status

  assert.equal(await status('/ctr/fromPages', { ...block, ...at('pages') }), 201)
  assert.equal(await status('/ctr/again', at('fromPages')), 202)
  await send('DELETE', '/ctr/pages')
  const expected = `${'\0'.repeat(512)}${'p'.repeat(512)}${'\0'.repeat(1024)}`
  for (const name of ['fromPages', 'again']) assert.equal((await send('GET', `/ctr/${name}`)).text, expected)
  assert.equal(await status('/ctr/appends2', { ...block, ...at('appends') }), 201)
  await send('PUT', '/ctr/appends?comp=appendblock', { body: ' three' })
  const made = await send('GET', '/ctr/appends2')
  assert.deepEqual([made.text, made.headers.get('x-ms-blob-type')], ['one two', 'BlockBlob'])
  await send('PUT', '/ctr/disk', { headers: { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '512' } })
  assert.equal(await status('/ctr/disk', { ...block, ...at('appends') }), 201)

  assert.equal(await status('/ctr/closed', { ...at('appends'), 'x-ms-seal-blob': 'true' }), 202)
  assert.equal((await send('HEAD', '/ctr/closed')).headers.get('x-ms-blob-sealed'), 'true')
  assert.equal(await status('/ctr/closed2', { ...at('again'), 'x-ms-seal-blob': 'true' }), 400)
})
