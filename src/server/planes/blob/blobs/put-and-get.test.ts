import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStorage } from '../testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }

test('a blob is put and got, with the hash that the service computed', async t => {
  const { send } = await openStorage(t)
  assert.equal((await send('PUT', '/ctr?restype=container')).status, 201)
  const body = 'This is a test file.\n'
  const put = await send('PUT', '/ctr/dir//hello%20world.txt', {
    body,
    headers: { ...block, 'content-type': 'text/plain' },
  })
  assert.deepEqual([put.status, put.headers.get('content-md5')], [201, 'LSghAvpnElYyfUdn7CO8aw=='])
  const got = await send('GET', '/ctr/dir//hello%20world.txt')
  assert.equal(got.text, body)
  const { date: _date, ...headers } = Object.fromEntries(got.headers)
  assert.deepEqual(headers, {
    'accept-ranges': 'bytes',
    'content-length': '21',
    'content-md5': 'LSghAvpnElYyfUdn7CO8aw==',
    'content-type': 'text/plain',
    etag: put.headers.get('etag'),
    'last-modified': put.headers.get('last-modified'),
    server: 'Windows-Azure-Blob/1.0 Lazuli',
    'x-content-type-options': 'nosniff',
    'x-ms-access-tier': 'Hot',
    'x-ms-access-tier-inferred': 'true',
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-correlation-request-id': headers['x-ms-correlation-request-id'],
    'x-ms-creation-time': put.headers.get('last-modified'),
    'x-ms-lease-state': 'available',
    'x-ms-lease-status': 'unlocked',
    'x-ms-request-id': headers['x-ms-request-id'],
    'x-ms-server-encrypted': 'true',
    'x-ms-version': '2021-06-08',
  })
  assert.equal((await send('GET', '/ctr/dir/hello%20world.txt')).status, 404)
  const missing = await send('GET', '/ctr/none')
  assert.equal(missing.headers.get('x-ms-error-code'), 'BlobNotFound')
  assert.match(
    missing.text,
    /^<\?xml version="1.0" encoding="utf-8"\?><Error><Code>BlobNotFound<\/Code><Message>The specified blob does not exist.\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z<\/Message><\/Error>$/,
  )
})

test('a long blob goes through extents, and any part of it comes back', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const body = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251))
  assert.equal((await send('PUT', '/ctr/long', { body, headers: block })).status, 201)
  assert.deepEqual((await send('GET', '/ctr/long')).bytes, body)
  const part = await send('GET', '/ctr/long', {
    headers: { 'x-ms-range': 'bytes=1000000-1999999', 'x-ms-range-get-content-md5': 'true' },
  })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), 'bytes 1000000-1999999/3000000')
  assert.deepEqual(part.bytes, body.subarray(1_000_000, 2_000_000))
  const behind = await send('GET', '/ctr/long', { headers: { range: 'bytes=3000000-' } })
  assert.deepEqual([behind.status, behind.headers.get('content-range')], [416, 'bytes */3000000'])
})

test('a wrong hash is refused, and nothing is stored', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  for (const body of ['short', 'x'.repeat(100_000)]) {
    const md5 = await send('PUT', '/ctr/b', { body, headers: { ...block, 'content-md5': 'LSghAvpnElYyfUdn7CO8aw==' } })
    assert.deepEqual([md5.status, md5.headers.get('x-ms-error-code')], [400, 'Md5Mismatch'])
    const crc = await send('PUT', '/ctr/b', { body, headers: { ...block, 'x-ms-content-crc64': 'iJh5CoYUi64=' } })
    assert.deepEqual([crc.status, crc.headers.get('x-ms-error-code')], [400, 'Crc64Mismatch'])
    assert.equal((await send('GET', '/ctr/b')).status, 404)
  }
})
