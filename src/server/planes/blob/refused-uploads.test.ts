import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { whole } from '../../door/handle.ts'
import { allIdle, now } from '../../extents/testing.ts'
import { openStorage } from './testing.ts'

const long = 'x'.repeat(50_000)
const block = { 'x-ms-blob-type': 'BlockBlob' }
const lease = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' }
const page = { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=0-51199' }

test('an upload that will be refused never gets to the disk', async t => {
  const { send, lazuli } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  for (const name of ['leased', 'short']) await send('PUT', `/ctr/${name}`, { body: name, headers: block })
  await send('PUT', '/ctr/leased?comp=lease', { headers: lease })
  await send('PUT', '/ctr/appends', { headers: { 'x-ms-blob-type': 'AppendBlob' } })
  await send('PUT', '/ctr/pages', { headers: { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '51200' } })
  const refused = async (path: string, headers: Record<string, string>, body = long) => {
    const { status, headers: told } = await send('PUT', path, { body, headers })
    return [status, told.get('x-ms-error-code')]
  }
  const blockAt = '?comp=block&blockid=AAAA'
  assert.deepEqual(await refused('/none/blob', block), [404, 'ContainerNotFound'])
  assert.deepEqual(await refused(`/none/blob${blockAt}`, {}), [404, 'ContainerNotFound'])
  assert.deepEqual(await refused('/ctr/leased', block), [412, 'LeaseIdMissing'])
  assert.deepEqual(await refused(`/ctr/leased${blockAt}`, {}), [412, 'LeaseIdMissing'])
  assert.deepEqual(await refused('/ctr/short', { ...block, 'if-none-match': '*' }), [409, 'BlobAlreadyExists'])
  assert.deepEqual(await refused(`/ctr/appends${blockAt}`, {}), [409, 'InvalidBlobType'])
  assert.deepEqual(await refused(`/ctr/short${blockAt}`, {}, ''), [400, 'InvalidHeaderValue'])
  assert.deepEqual(await refused('/ctr/none?comp=appendblock', {}), [404, 'BlobNotFound'])
  assert.deepEqual(await refused('/ctr/appends?comp=appendblock', { 'x-ms-blob-condition-appendpos': '7' }), [
    412,
    'AppendPositionConditionNotMet',
  ])
  assert.deepEqual(
    await refused('/ctr/pages?comp=page', { ...page, 'x-ms-if-sequence-number-eq': '3' }, 'x'.repeat(51_200)),
    [412, 'SequenceNumberConditionNotMet'],
  )
  assert.equal(existsSync(join(lazuli.parts.config.directory, 'extents')), false)
})

test('what is refused only when it has come goes at once, and so does what its client breaks off', async t => {
  const { send, lazuli, token } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'short', headers: block })
  const upload = (query: string, headers: Record<string, string>, portions: () => AsyncGenerator<Uint8Array>) => {
    const all = {
      ...headers,
      authorization: `Bearer ${token}`,
      'x-ms-version': '2021-06-08',
      'content-length': String(long.length),
    }
    const body = ReadableStream.from(portions()) as ReadableStream<Uint8Array<ArrayBuffer>>
    const init = { method: 'PUT', headers: all, body, duplex: 'half' } as RequestInit
    return lazuli
      .door(new Request(`https://acct1.blob.core.windows.net/ctr/blob${query}`, init), { address: '' })
      .then(answer => whole(answer).status)
  }
  const half = Buffer.from(long.slice(0, 25_000))
  const leasedMeanwhile = async function* () {
    yield half
    assert.equal((await send('PUT', '/ctr/blob?comp=lease', { headers: lease })).status, 201)
    yield half
  }
  assert.equal(await upload('', block, leasedMeanwhile), 412)
  assert.deepEqual(await allIdle(lazuli.parts.extents, now), [])
  await send('PUT', '/ctr/blob?comp=lease', {
    headers: { 'x-ms-lease-action': 'break', 'x-ms-lease-break-period': '0' },
  })
  assert.equal(await upload('?comp=block&blockid=AAAA', {}, leasedMeanwhile), 412)
  await send('PUT', '/ctr/blob?comp=lease', {
    headers: { 'x-ms-lease-action': 'break', 'x-ms-lease-break-period': '0' },
  })
  const hangsUp = async function* () {
    yield half
    throw new Error('the connection is gone')
  }
  assert.equal(await upload('', block, hangsUp), 400)
  assert.deepEqual(await allIdle(lazuli.parts.extents, now), [])
  assert.equal((await send('GET', '/ctr/blob')).text, 'short')
})
