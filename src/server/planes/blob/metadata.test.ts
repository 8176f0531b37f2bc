import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataFrom } from './metadata.ts'
import { openStorage } from './testing.ts'

const from = (pairs: readonly (readonly [string, string])[], { raw }: { raw: boolean }) => {
  const request = new Request('https://acct1.blob.core.windows.net/', { headers: pairs.map(([a, b]) => [a, b]) })
  return metadataFrom({ request, peer: { address: '', ...(raw ? { rawHeaders: pairs.flat() } : {}) } })
}

test('names are kept as they were spelled, and are the same name in any case', () => {
  const pairs = [
    ['X-Ms-Meta-CamelCase', 'one'],
    ['content-type', 'a/b'],
    ['x-ms-meta-__proto__', 'own'],
    ['x-ms-meta-camelcase', 'two'],
  ] as const
  const spelled = from(pairs, { raw: true })
  assert.deepEqual(Object.entries(spelled), [
    ['CamelCase', 'one, two'],
    ['__proto__', 'own'],
  ])
  assert.deepEqual(Object.entries(from(pairs, { raw: false })).sort(), [
    ['__proto__', 'own'],
    ['camelcase', 'one, two'],
  ])
})

test('what is no metadata is refused, however it is spelled', () => {
  const cases: [name: string, value: string, code: string][] = [
    ['X-MS-META-', 'x', 'EmptyMetadataKey'],
    ['X-MS-META-a-b', 'x', 'InvalidMetadata'],
    ['X-MS-META-a', 'x'.repeat(8 * 1024), 'MetadataTooLarge'],
  ]
  for (const [name, value, code] of cases) assert.throws(() => from([[name, value]], { raw: true }), { code }, name)
})

test('metadata keeps its case in lists, and a copy has that of its source', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container', { headers: { 'x-ms-meta-BoxKind': 'a' } })
  const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-meta-CamelCase': 'v' }
  await send('PUT', '/ctr/blob', { body: 'x', headers })
  await send('PUT', '/ctr/copy', { headers: { 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/blob' } })
  const { text: blobs } = await send('GET', '/ctr?restype=container&comp=list&include=metadata')
  const metadata = '<Metadata><CamelCase>v</CamelCase></Metadata>'
  assert.deepEqual(blobs.match(/<Metadata>.*?<\/Metadata>/g), [metadata, metadata])
  const { text: containers } = await send('GET', '/?comp=list&include=metadata')
  assert.match(containers, /<Metadata><BoxKind>a<\/BoxKind><\/Metadata>/)
  await send('PUT', '/ctr/blob?comp=metadata', { headers: { 'x-ms-meta-camelCASE': 'w' } })
  const after = await send('GET', '/ctr?restype=container&comp=list&include=metadata&prefix=blob')
  assert.match(after.text, /<Metadata><camelCASE>w<\/camelCASE><\/Metadata>/)
})
