import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Crc64 } from '../../signatures/crc64.ts'
import { openStorage } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const md5Of = (text: string) => createHash('md5').update(text).digest('base64')
const crcOf = (text: string) => {
  const crc = new Crc64()
  crc.update(Buffer.from(text))
  return crc.digest().toString('base64')
}

test('a hash that the client knows is compared with what came, and the answer tells the hash', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob?comp=block&blockid=AAAA', { body: 'block' })
  const code = async (method: string, path: string, body: string | undefined, headers: Record<string, string>) => {
    const answer = await send(method, path, { headers, ...(body === undefined ? {} : { body }) })
    return [answer.status, answer.headers.get('x-ms-error-code')]
  }

  const list = '<BlockList><Latest>AAAA</Latest></BlockList>'
  const at = '/ctr/blob?comp=blocklist'
  assert.deepEqual(await code('PUT', at, list, { 'content-md5': md5Of('other') }), [400, 'Md5Mismatch'])
  assert.deepEqual(await code('PUT', at, list, { 'x-ms-content-crc64': crcOf('other') }), [400, 'Crc64Mismatch'])
  const committed = await send('PUT', at, { body: list })
  assert.equal(committed.headers.get('x-ms-content-crc64'), crcOf(list))
  assert.equal((await send('GET', '/ctr/blob')).text, 'block')

  const tags = '<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>'
  const tagsAt = '/ctr/blob?comp=tags'
  assert.deepEqual(await code('PUT', tagsAt, tags, { 'content-md5': md5Of('other') }), [400, 'Md5Mismatch'])
  assert.deepEqual(await code('PUT', tagsAt, tags, { 'content-md5': md5Of(tags) }), [204, null])

  const source = { 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/blob' }
  const sync = { ...source, 'x-ms-requires-sync': 'true' }
  const other = { 'x-ms-source-content-md5': md5Of('other') }
  assert.deepEqual(await code('PUT', '/ctr/copy', undefined, { ...source, ...block, ...other }), [400, 'Md5Mismatch'])
  assert.deepEqual(await code('PUT', '/ctr/copy', undefined, { ...sync, ...other }), [400, 'Md5Mismatch'])
  const crc = { 'x-ms-source-content-crc64': crcOf('other') }
  assert.deepEqual(await code('PUT', '/ctr/copy', undefined, { ...sync, ...crc }), [400, 'Crc64Mismatch'])
  assert.equal((await send('GET', '/ctr/copy')).status, 404)
  const right = { 'x-ms-source-content-md5': md5Of('block') }
  assert.deepEqual(await code('PUT', '/ctr/copy', undefined, { ...sync, ...right }), [202, null])

  const range = { 'x-ms-range': 'bytes=1-2', 'x-ms-range-get-content-crc64': 'true' }
  assert.equal((await send('GET', '/ctr/blob', { headers: range })).headers.get('x-ms-content-crc64'), crcOf('lo'))
  const both = { ...range, 'x-ms-range-get-content-md5': 'true' }
  assert.deepEqual(await code('GET', '/ctr/blob', undefined, both), [400, 'InvalidHeaderValue'])
})
