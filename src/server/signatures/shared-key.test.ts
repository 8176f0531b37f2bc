import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sign } from './hmac.ts'
import { liteStringsToSign, readSharedKey, refuseSharedKey, type SignedRequest, stringsToSign } from './shared-key.ts'
import { account, key } from './testing-key.ts'
import { signingClient } from './testing-requests.ts'

const otherKey = Buffer.alloc(64, 8)
const now = Date.parse('2026-11-25T12:00:00Z')

const request = (over: Partial<SignedRequest> & { fields?: Record<string, string> } = {}): SignedRequest => ({
  method: 'GET',
  path: '/ctr1/dir/hello%20world.txt',
  search: '',
  headers: new Headers({ 'x-ms-date': 'Wed, 25 Nov 2026 12:00:00 GMT', 'x-ms-version': '2021-06-08', ...over.fields }),
  ...over,
})

const check = (one: SignedRequest, signature: string, scheme: 'SharedKey' | 'SharedKeyLite' = 'SharedKey') =>
  refuseSharedKey(one, { scheme, account, signature }, { keys: [otherKey, key], now })

test('the documented string is the first of those that may be signed', () => {
  const put = request({
    method: 'put',
    search: '?timeout=20&comp=block&BlockId=a%2Bb%2B+c&comp=appended',
    fields: {
      'content-length': '11',
      'content-md5': 'md5==',
      'content-type': 'text/plain',
      'content-encoding': 'gzip',
      'content-language': 'de',
      date: 'ignored',
      'if-modified-since': 'ims',
      'if-match': 'im',
      'if-none-match': 'inm',
      'if-unmodified-since': 'ius',
      range: 'bytes=0-1',
      'x-ms-range': 'bytes=2-3',
    },
  })
  assert.equal(
    stringsToSign(put, account)[0],
    [
      ...['PUT', 'gzip', 'de', '11', 'md5==', 'text/plain', '', 'ims', 'im', 'inm', 'ius', 'bytes=0-1'],
      ...['x-ms-date:Wed, 25 Nov 2026 12:00:00 GMT', 'x-ms-range:bytes=2-3', 'x-ms-version:2021-06-08'],
      '/devstoreaccount1/ctr1/dir/hello%20world.txt',
      ...['blockid:a+b++c', 'comp:appended,block', 'timeout:20'],
    ].join('\n'),
  )
})

const bodies: [version: string | undefined, length: string, signed: string][] = [
  ['2015-02-21', '0', ''],
  ['2026-04-06', '0', ''],
  [undefined, '0', ''],
  ['2014-02-14', '0', '0'],
  ['2014-02-14', '5', '5'],
]
for (const [version, length, expected] of bodies) {
  test(`with version ${version}, a length of ${length} is signed as "${expected}"`, () => {
    const headers = new Headers({ 'content-length': length, ...(version ? { 'x-ms-version': version } : {}) })
    assert.equal(stringsToSign(request({ headers }), account)[0]?.split('\n')[3], expected)
  })
}

test('a signature is good for its request, under either key', () => {
  const text = stringsToSign(request(), account)[0] ?? ''
  for (const good of [key, otherKey]) {
    assert.equal(check(request(), sign(good, text).toString('base64')), undefined)
  }
  const signature = sign(key, text).toString('base64')
  for (const changed of [
    request({ method: 'DELETE' }),
    request({ path: '/ctr1/dir/hello%20world.tx' }),
    request({ search: '?comp=metadata' }),
    request({ fields: { 'x-ms-meta-a': '1' } }),
    request({ fields: { range: 'bytes=0-1' } }),
    request({ fields: { 'content-length': '1' } }),
  ]) {
    assert.equal(check(changed, signature)?.code, 'AuthenticationFailed')
  }
  assert.equal(check(request(), signature, 'SharedKeyLite')?.code, 'AuthenticationFailed')
  assert.equal(check(request(), '')?.code, 'AuthenticationFailed')
})

test('a wrong signature is told what should have been signed, and never what the signature would be', () => {
  assert.deepEqual(check(request(), 'AAAA'), {
    code: 'AuthenticationFailed',
    detail:
      "The MAC signature found in the HTTP request 'AAAA' is not the same as any computed signature. " +
      `Server used following string to sign: '${stringsToSign(request(), account)[0]}'.`,
  })
})

const dates: [string, string | undefined, string | undefined][] = [
  ['15 minutes old', 'Wed, 25 Nov 2026 11:45:00 GMT', undefined],
  ['15 minutes early', 'Wed, 25 Nov 2026 12:15:00 GMT', undefined],
  ['too old', 'Wed, 25 Nov 2026 11:44:59 GMT', 'Request date header too old'],
  ['too early', 'Wed, 25 Nov 2026 12:15:01 GMT', 'Request date header too far in the future'],
  ['no date', 'soon', 'Request date header is not well formed'],
  ['missing', undefined, 'Either x-ms-date or Date must be given'],
]
for (const [what, date, refusal] of dates) {
  test(`a request whose date is ${what} is ${refusal ? 'refused' : 'let in'}`, () => {
    for (const name of ['x-ms-date', 'date']) {
      const dated = request({ headers: new Headers(date === undefined ? {} : { [name]: date }) })
      const signature = sign(key, stringsToSign(dated, account)[0] ?? '').toString('base64')
      const found = check(dated, signature)
      if (refusal) assert.ok(found?.detail?.startsWith(refusal), found?.detail)
      else assert.equal(found, undefined)
    }
  })
}

test('the account is twice in the signed path where it stands in the path', () => {
  const local = request({ path: '/devstoreaccount1/ctr1' })
  assert.ok(stringsToSign(local, account)[0]?.endsWith('\n/devstoreaccount1/devstoreaccount1/ctr1'))
  assert.ok(stringsToSign(request({ path: '' }), account)[0]?.endsWith('\n/devstoreaccount1/'))
})

test('the secondary may be signed for with its suffix and without', () => {
  const endings = (path: string, name: string) =>
    stringsToSign(request({ path }), name).map(text => text.slice(text.lastIndexOf('\n') + 1))
  assert.deepEqual(endings('/devstoreaccount1-secondary/c', account), [
    '/devstoreaccount1/devstoreaccount1-secondary/c',
    '/devstoreaccount1/devstoreaccount1/c',
  ])
  assert.deepEqual(endings('/c', `${account}-secondary`), ['/devstoreaccount1/c', '/devstoreaccount1-secondary/c'])
  assert.deepEqual(endings('/devstoreaccount1-secondaryx/c', account), [
    '/devstoreaccount1/devstoreaccount1-secondaryx/c',
  ])
})

test('SharedKeyLite signs few headers, and of the query the component alone', () => {
  const old = request({ search: '?timeout=3&comp=list', fields: { 'content-type': 'text/xml', range: 'bytes=0-1' } })
  const text = [
    ...['GET', '', 'text/xml', '', 'x-ms-date:Wed, 25 Nov 2026 12:00:00 GMT', 'x-ms-version:2021-06-08'],
    '/devstoreaccount1/ctr1/dir/hello%20world.txt?comp=list',
  ].join('\n')
  assert.deepEqual(liteStringsToSign(old, account), [text])
  assert.equal(check(old, sign(key, text).toString('base64'), 'SharedKeyLite'), undefined)
})

const headers: [string, ReturnType<typeof readSharedKey>][] = [
  ['SharedKey acct:c2ln', { scheme: 'SharedKey', account: 'acct', signature: 'c2ln' }],
  ['sharedkey acct:c2ln', { scheme: 'SharedKey', account: 'acct', signature: 'c2ln' }],
  ['SharedKeyLite a-secondary:c2k=', { scheme: 'SharedKeyLite', account: 'a-secondary', signature: 'c2k=' }],
  ['Bearer acct:c2ln', undefined],
  ['SharedKey acct', undefined],
  ['SharedKey acct:', undefined],
  ['SharedKey :c2ln', undefined],
  ['SharedKey acct:c2ln:more', undefined],
  ['SharedKey ac.t:c2ln', undefined],
]
for (const [header, expected] of headers) {
  test(`"${header}" is ${expected ? 'a key' : 'no key'}`, () => assert.deepEqual(readSharedKey(header), expected))
}

test('whatever the official library signs is accepted, and no other key for it', async t => {
  const { client, signed } = await signingClient(t)
  const container = client.getContainerClient('ctr1')
  const blob = container.getBlockBlobClient('dir/ä b+c%25?.txt')
  const metadata = { a_b: '1', a1: '2', ab: '3', a: '4', A_C: ' 5', a10: '6', a_1: '7' }
  const blobHTTPHeaders = { blobContentEncoding: 'gzip', blobContentLanguage: 'de' }
  await blob.upload('hello', 5, { metadata, blobHTTPHeaders, conditions: { ifNoneMatch: '*' } })
  await blob.stageBlock('YWFhYQ==', 'x', 1)
  await blob.getProperties()
  await blob.setMetadata(metadata)
  await client.getProperties()
  await container.setAccessPolicy()
  await container.getAppendBlobClient('a').create({ metadata })
  assert.equal(signed.length, 7)
  for (const one of signed) {
    const sharedKey = readSharedKey(one.headers.get('authorization') ?? '')
    assert.ok(sharedKey)
    const at = Date.parse(one.headers.get('x-ms-date') ?? '')
    assert.equal(refuseSharedKey(one, sharedKey, { keys: [otherKey, key], now: at }), undefined, one.path)
    assert.equal(refuseSharedKey(one, sharedKey, { keys: [otherKey], now: at })?.code, 'AuthenticationFailed')
  }
})
