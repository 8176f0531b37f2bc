/** Requests that nobody would send: none fails in the server, and none reaches what it has no right to. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { operations } from './operations.ts'
import { openStorage, storageAudience } from './testing.ts'

const seed = 20_171_109
const rounds = 1_500

/** Park and Miller's: the same numbers for the same seed. */
function numbers(from: number): (below: number) => number {
  let state = from
  return below => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const oddPaths = [
  ...['/', '//', '/..', '/ctr/..', '/ctr/../../other', '/ctr/%2e%2e/%2e%2e/other/blob', '/ctr/%2F..%2Fother'],
  ...['/ctr/%00', '/ctr/%zz', '/ctr/%c3%28', '/ctr/%ff', '/ctr/a%0d%0ab', '/CTR/blob', '/$root', '/$logs/x'],
  ...['/ctr/\u{1f600}', '/ctr/%EF%BF%BE', '/ctr/%ED%A0%80', `/ctr/${'a/'.repeat(2_000)}b`, `/ctr/${'x'.repeat(1_025)}`],
  ...['/-bad-/b', '/a--b/c', '/ab', `/${'c'.repeat(64)}`, '/ctr/.', '/ctr/blob.', '/ctr//', '/ctr///x', '/ctr/ blob'],
]
const oddValues = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '99999999999999999999',
    '1e3',
    'NaN',
    'true',
    '*',
    '"',
    '""',
    "'",
    '%00',
    'ü',
    '<x>',
    '&amp;',
  ],
  ...['bytes=0-', 'bytes=5-1', 'bytes=-5', 'bytes=0-99999999999999999', 'bytes=a-b', 'bytes=0-0,2-3', 'W/"x"'],
  ...['2017-11-09', '9999-99-99', '2026-13-45T99:99:99Z', '0001-01-01T00:00:00.0000000Z', '2!e30', '2!W10', 'AAAA='],
  ...[
    'https://169.254.169.254/metadata',
    'http://127.0.0.1/',
    'https://acct1.blob.core.windows.net/',
    'file:///etc/passwd',
  ],
  ...['include', 'only', 'acquire', 'break', 'BlockBlob', 'PageBlob', 'AppendBlob', 'update', 'x'.repeat(5_000)],
]
const headerNames = [
  ...['x-ms-blob-type', 'x-ms-range', 'range', 'if-match', 'if-none-match', 'if-modified-since', 'x-ms-if-tags'],
  ...['x-ms-lease-id', 'x-ms-lease-action', 'x-ms-lease-duration', 'x-ms-proposed-lease-id', 'x-ms-copy-source'],
  ...['x-ms-meta-a', 'x-ms-meta-', 'x-ms-meta-1', 'x-ms-tags', 'x-ms-access-tier', 'x-ms-blob-content-length'],
  ...['x-ms-blob-content-md5', 'content-md5', 'x-ms-content-crc64', 'x-ms-page-write', 'x-ms-delete-snapshots'],
  ...[
    'x-ms-blob-condition-appendpos',
    'x-ms-if-sequence-number-le',
    'x-ms-sequence-number-action',
    'x-ms-source-range',
  ],
  ...[
    'x-ms-version',
    'x-ms-date',
    'content-length',
    'content-type',
    'origin',
    'x-ms-copy-action',
    'x-ms-encryption-key',
  ],
  ...['x-ms-range-get-content-md5', 'x-ms-copy-source-authorization', 'x-ms-blob-public-access', 'authorization'],
]
const queryNames = [
  ...['comp', 'restype', 'snapshot', 'versionid', 'blockid', 'blocklisttype', 'prefix', 'delimiter', 'marker'],
  ...['maxresults', 'include', 'where', 'copyid', 'prevsnapshot', 'timeout', 'sv', 'sr', 'sp', 'se', 'st', 'sig', 'si'],
  ...['sip', 'spr', 'ss', 'srt', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'rscc', 'sdd', 'srh', 'srq'],
]
const bodies = [
  ...[
    '',
    'x',
    '<BlockList><Latest>AAAA</Latest></BlockList>',
    '<BlockList>',
    '<!DOCTYPE a [<!ENTITY b "c">]><BlockList>&b;</BlockList>',
  ],
  ...[
    '<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>',
    '<Tags/>',
    `${'<a>'.repeat(500)}${'</a>'.repeat(500)}`,
  ],
  ...[
    '<SignedIdentifiers><SignedIdentifier/></SignedIdentifiers>',
    '<KeyInfo><Expiry>x</Expiry></KeyInfo>',
    '\u0000',
    '\ufeff<x/>',
  ],
  ...[
    '<StorageServiceProperties><Cors><CorsRule/></Cors></StorageServiceProperties>',
    '--b\r\n\r\nDELETE /ctr/x HTTP/1.1\r\n\r\n--b--',
  ],
]

async function opened(t: TestContext) {
  const storage = await openStorage(t)
  const { send, arm, id } = storage
  const put = async (container: string) => {
    await send('PUT', `/${container}?restype=container`)
    await send('PUT', `/${container}/blob`, { body: 'kept', headers: { 'x-ms-blob-type': 'BlockBlob' } })
  }
  await put('other')
  const [{ value }] = JSON.parse((await arm('POST', `${id}/listKeys`)).text).keys
  const sas = generateBlobSASQueryParameters(
    {
      containerName: 'ctr',
      permissions: ContainerSASPermissions.parse('racwdxltf'),
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential('acct1', value),
  )
  const { token } = await storage.lazuli.principal({
    roles: [{ role: 'Storage Blob Data Owner', scope: `${id}/blobServices/default/containers/ctr` }],
    audience: storageAudience,
  })
  return { ...storage, token, sas: String(sas), put }
}

test(`${rounds} odd requests, with a token, a signature or nothing, are answered, and touch only what is theirs`, async t => {
  const { lazuli, token, sas, send, put } = await opened(t)
  const next = numbers(seed)
  const one = <T>(list: readonly T[]): T => list[next(list.length)] as T
  const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH']
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    // Some of them delete it, or lease it for good.
    if (round % 25 === 0) await put('ctr')
    const operation = one(operations)
    const [ownMethod = '', route = ''] = operation.route.split(' ')
    const method = next(8) === 0 ? one(methods) : ownMethod
    const usual = route.replace('/:account', '').replace('/:container', '/ctr').replace('/:blob*', '/blob') || '/'
    const who = next(3)
    const query = new URLSearchParams(next(6) === 0 ? '' : (operation.query ?? ''))
    for (let i = next(4); i > 0; i--) query.append(one(queryNames), one(oddValues))
    const headers = new Headers({ 'x-ms-version': '2021-06-08' })
    const body = method === 'PUT' || method === 'POST' ? one(bodies) : undefined
    if (body !== undefined) headers.set('content-length', String(Buffer.byteLength(body)))
    for (let i = next(5); i > 0; i--) {
      const value = one(oddValues)
      if (/^[\x20-\x7e]*$/.test(value)) headers.set(one(headerNames), value)
    }
    if (who === 0) headers.set('authorization', `Bearer ${token}`)
    const search = who === 1 ? `${query}&${sas}` : String(query)
    const url = `https://acct1.blob.core.windows.net${next(3) === 0 ? one(oddPaths) : usual}?${search}`
    if (!URL.canParse(url)) continue
    const response = await lazuli.request(method, url, {
      headers: Object.fromEntries(headers),
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    assert.ok(response.status < 500, `${round}: ${method} ${url} ${JSON.stringify([...headers])} ${body}: ${text}`)
    answered++
  }
  assert.ok(answered > rounds / 2)
  assert.equal((await send('GET', '/other/blob')).text, 'kept')
})
