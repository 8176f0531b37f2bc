/** What a caller may here, used to get at what it may not there. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlobSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob'
import { sign } from '../../signatures/hmac.ts'
import { makeAccountSas } from '../../signatures/make-sas.ts'
import { stringsToSign } from '../../signatures/shared-key.ts'
import { operations } from './operations.ts'
import { delegationKeyOf, keyOf, type OpenStorage, openStorage, storageAudience } from './testing.ts'

const block = { 'x-ms-blob-type': 'BlockBlob' }
const never = '2020-01-01T00:00:00.0000000Z'
const later = () => new Date(Date.now() + 3_600_000)
const said = (answer: { status: number; headers: Headers }) => [answer.status, answer.headers.get('x-ms-error-code')]

async function signer(storage: OpenStorage) {
  const key = new StorageSharedKeyCredential('acct1', await keyOf(storage))
  return (blobName: string, permissions: string) =>
    generateBlobSASQueryParameters(
      { containerName: 'ctr', blobName, permissions: BlobSASPermissions.parse(permissions), expiresOn: later() },
      key,
    ).toString()
}

test('naming a snapshot gets no write past a lease, or past what is there already', async t => {
  const storage = await openStorage(t)
  const { send } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const taken = (await send('PUT', '/ctr/blob?comp=snapshot')).headers.get('x-ms-snapshot') ?? ''
  const lease = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' }
  assert.equal((await send('PUT', '/ctr/blob?comp=lease', { headers: lease })).status, 201)
  const list = '<BlockList></BlockList>'
  const onlyNew = (await signer(storage))('blob', 'c')
  for (const snapshot of [never, taken]) {
    const at = `snapshot=${snapshot}`
    const refused = [
      await send('PUT', `/ctr/blob?${at}`, { body: 'theirs', headers: block }),
      await send('PUT', `/ctr/blob?${at}&${onlyNew}`, { token: null, body: 'theirs', headers: block }),
      await send('PUT', `/ctr/blob?${at}`, { headers: { 'x-ms-blob-type': 'AppendBlob' } }),
      await send('PUT', `/ctr/blob?comp=block&blockid=AAAA&${at}`, { body: 'theirs' }),
      await send('PUT', `/ctr/blob?comp=blocklist&${at}`, { body: list }),
      await send('PUT', `/ctr/blob?comp=metadata&${at}`, { headers: { 'x-ms-meta-a': 'b' } }),
      await send('PUT', `/ctr/blob?comp=properties&${at}`, { headers: { 'x-ms-blob-content-type': 'a/b' } }),
      await send('PUT', `/ctr/blob?comp=lease&${at}`, { headers: { ...lease, 'x-ms-lease-action': 'break' } }),
      await send('PUT', `/ctr/blob?comp=snapshot&${at}`),
    ]
    assert.deepEqual(
      refused.map(said),
      refused.map(() => [400, 'InvalidQueryParameterValue']),
      snapshot,
    )
  }
  assert.equal((await send('GET', '/ctr/blob')).text, 'hello')
  assert.equal((await send('GET', `/ctr/blob?snapshot=${taken}`)).text, 'hello')
})

test('an action that every object has by birth ends no lease', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const acquire = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' }
  for (const path of ['/ctr/blob?comp=lease', '/ctr?restype=container&comp=lease']) {
    assert.equal((await send('PUT', path, { headers: acquire })).status, 201)
    for (const name of ['constructor', '__proto__'])
      assert.deepEqual(said(await send('PUT', path, { headers: { 'x-ms-lease-action': name } })), [
        400,
        'InvalidHeaderValue',
      ])
    assert.deepEqual(said(await send('DELETE', path.replace(/[?&]comp=lease/, ''))), [412, 'LeaseIdMissing'])
  }
})

test('tags are read and written only with the permission for tags, whichever operation they come with', async t => {
  const storage = await openStorage(t)
  const { send, lazuli } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: { ...block, 'x-ms-tags': 'salary=high' } })
  const role = 'Storage Blob Data Contributor'
  const { token } = await lazuli.principal({ roles: [{ role }], audience: storageAudience })
  const list = (include: string, wish: { token: string | null }, sas = '') =>
    send('GET', `/ctr?restype=container&comp=list&include=${include}${sas}`, wish)
  assert.equal((await list('metadata', { token })).status, 200)
  const source = { 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/blob' }
  const copying = { ...source, 'x-ms-copy-source-tag-option': 'COPY' }
  const sas = `&${(await signer(storage))('mine', 'cw')}`
  const tagged = { 'x-ms-tags': 'a=b' }
  const guess = { 'x-ms-if-tags': '"salary"=\'high\'' }
  const refused = [
    await list('tags', { token }),
    await send('PUT', '/ctr/mine', { token, headers: copying }),
    await send('PUT', '/ctr/mine', { token, headers: { ...source, ...tagged } }),
    await send('PUT', '/ctr/mine', { token, body: 'mine', headers: { ...block, ...tagged } }),
    await send('PUT', `/ctr/mine?${sas}`, { token: null, body: 'mine', headers: { ...block, ...tagged } }),
    await send('PUT', '/ctr/mine', { token, headers: { 'x-ms-blob-type': 'AppendBlob', ...tagged } }),
    await send('GET', '/ctr/blob', { token, headers: guess }),
    await send('PUT', '/ctr/blob?comp=metadata', { token, headers: guess }),
    await send('GET', `/ctr/blob?${(await signer(storage))('blob', 'r')}`, { token: null, headers: guess }),
    await send('PUT', '/ctr/mine', { token, headers: { ...source, 'x-ms-source-if-tags': '"salary"=\'high\'' } }),
  ]
  assert.deepEqual(
    refused.map(said),
    refused.map(() => [403, 'AuthorizationPermissionMismatch']),
  )
  assert.equal((await send('PUT', '/ctr/mine', { token, headers: source })).status, 202)
  assert.equal((await send('PUT', '/ctr/theirs', { headers: copying })).status, 202)
  assert.match((await send('GET', '/ctr/theirs?comp=tags')).text, /salary/)
  assert.equal((await send('GET', '/ctr/blob', { headers: guess })).text, 'hello')
  const readsTags = (await signer(storage))('blob', 'rt')
  assert.equal((await send('GET', `/ctr/blob?${readsTags}`, { token: null, headers: guess })).text, 'hello')
  const signedToo = `&${(await signer(storage))('signed', 'cwt')}`
  const bySignature = { token: null, body: 'mine', headers: { ...block, ...tagged } }
  assert.equal((await send('PUT', `/ctr/signed?${signedToo}`, bySignature)).status, 201)
})

test('a line break in a field of a signature, or what cannot be a header, is refused, and not signed for', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const key = 'sktid=a&skt=2020-01-01&ske=2999-01-01&sks=b&skv=2021-06-08'
  for (const fields of [`sr=c&skoid=a%0Ab&${key}`, 'sr=c&rscd=a%0Ab', 'sr=c&rscd=a%0Db', 'sr=c&rscd=%E6%97%A5']) {
    const answer = await send('GET', `/ctr/a?sv=2021-06-08&sp=r&se=2999-01-01&sig=eA&${fields}`, { token: null })
    assert.deepEqual(said(answer), [403, 'AuthenticationFailed'], fields)
    assert.match(answer.text, /not well formed/)
  }
  const soon = `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`
  const info = `<KeyInfo><Expiry>${soon}</Expiry><DelegatedUserTid>a\nb</DelegatedUserTid></KeyInfo>`
  assert.equal((await send('POST', '/?restype=service&comp=userdelegationkey', { body: info })).status, 400)
})

test('who may look at a container copies no blob of its name out of the root container', async t => {
  const storage = await openStorage(t)
  const { send } = storage
  for (const name of ['ctr', '$root']) await send('PUT', `/${name}?restype=container`)
  await send('PUT', '/ctr', { body: 'hello', headers: block })
  assert.equal((await send('GET', '/$root/ctr')).text, 'hello')
  const sas = makeAccountSas(Buffer.from(await keyOf(storage), 'base64'), 'acct1', {
    ...{ ss: 'b', srt: 'c', sp: 'r', se: '2999-01-01' },
  })
  for (const from of [
    `https://acct1.blob.core.windows.net/ctr?restype=container&${sas}`,
    `https://acct1.blob.core.windows.net/ctr?restype=account&comp=properties&${sas}`,
    'https://who:what@acct1.blob.core.windows.net/ctr',
  ]) {
    const answer = await send('PUT', '/ctr/copy', { headers: { 'x-ms-copy-source': from } })
    assert.deepEqual(said(answer), [400, 'InvalidHeaderValue'], from)
  }
})

test('a signature for a blob, of a version that does not sign the kind, is none for a folder of that name', async t => {
  const storage = await openStorage(t)
  const { send } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/a/secret', { body: 'hello', headers: block })
  const key = Buffer.from(await keyOf(storage), 'base64')
  const [sv, se] = ['2017-07-29', '2999-01-01']
  const text = ['r', '', se, '/blob/acct1/ctr/a', '', '', '', sv, '', '', '', '', ''].join('\n')
  const sig = encodeURIComponent(sign(key, text).toString('base64'))
  const query = `sv=${sv}&sp=r&se=${se}&sig=${sig}`
  assert.deepEqual(said(await send('GET', `/ctr/a?sr=b&${query}`, { token: null })), [404, 'BlobNotFound'])
  assert.deepEqual(said(await send('GET', `/ctr/a/secret?sr=d&sdd=1&${query}`, { token: null })), [
    403,
    'AuthenticationFailed',
  ])
})

test('parts of a batch that are nonsense, or long, are read quickly and refused', async t => {
  const { send } = await openStorage(t)
  const batch = (head: string, around = '/?comp=batch') => {
    const body = `--b\r\nContent-Type: application/http\r\n\r\n${head}\r\n\r\n--b--\r\n`
    return send('POST', around, { body, headers: { 'content-type': 'multipart/mixed; boundary=b' } })
  }
  const refused = [
    await batch('DELETE nothing HTTP/1.1'),
    await batch('DELETE https://who:what@acct1.blob.core.windows.net/ctr/blob HTTP/1.1'),
    await batch('DELETE http://[ HTTP/1.1'),
    await batch('DELETE /ctr?restype=container HTTP/1.1'),
    await batch('DELETE /ctr/blob HTTP/1.1', '/other?restype=container&comp=batch'),
    await batch('DELETE /blob HTTP/1.1', '/other?restype=container&comp=batch'),
    await batch('DELETE /ctr/a/../blob HTTP/1.1'),
    await batch('DELETE /ctr/a/%2e%2e/blob?a HTTP/1.1'),
  ]
  assert.deepEqual(
    refused.map(said),
    refused.map(() => [400, 'InvalidInput']),
  )
  // What reads this in a time that grows with its square is not done today.
  const blanks = `DELETE /ctr/blob HTTP/1.1\r\nx-a: b${' '.repeat(3_000_000)}b`
  assert.equal((await batch(blanks)).status, 202)
})

test('what could not be a header of an answer is not kept as one, and the account goes on answering', async t => {
  const { send, arm, id, lazuli } = await openStorage(t)
  const admin = await lazuli.adminToken(storageAudience)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const rule = (field: string, value: string) => {
    const fields = {
      AllowedOrigins: '*',
      AllowedMethods: 'GET',
      AllowedHeaders: 'a-*',
      ExposedHeaders: '*',
      [field]: value,
    }
    const text = Object.entries(fields).map(([name, text]) => `<${name}>${text}</${name}>`)
    return `<StorageServiceProperties><Cors><CorsRule>${text.join('')}</CorsRule></Cors></StorageServiceProperties>`
  }
  const put = (body: string) => send('PUT', '/?restype=service&comp=properties', { token: admin, body })
  for (const [field, value] of [
    ['ExposedHeaders', '☃'],
    ['ExposedHeaders', 'a&#10;b'],
    ['AllowedHeaders', 'a b'],
    ['AllowedOrigins', 'https://☃.example'],
    ['AllowedMethods', 'GET,FOO'],
    ['MaxAgeInSeconds', '-1'],
  ] as const)
    assert.deepEqual(said(await put(rule(field, value))), [400, 'InvalidXmlDocument'], `${field}: ${value}`)
  assert.equal((await put(rule('MaxAgeInSeconds', '5'))).status, 202)
  const answer = await send('GET', '/ctr/blob', { headers: { origin: 'https://a.example' } })
  assert.deepEqual([answer.text, answer.headers.get('access-control-expose-headers')], ['hello', '*'])
  const wish = { canonicalizedResource: '/blob/acct1/ctr', signedExpiry: '2999-01-01', signedPermission: 'r' }
  const signing = (rscd: string) => arm('POST', `${id}/listServiceSas`, { ...wish, rscd })
  assert.equal((await signing('attachment; filename="日本.txt"')).status, 400)
  assert.equal((await signing("attachment; filename*=UTF-8''%E6%97%A5.txt")).status, 200)
})

test('what says that it is for something that there is not is refused, and not taken for something else', async t => {
  const storage = await openStorage(t)
  const { send } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const filled = (route: string) =>
    route.replace('/:account', '').replace('/:container', '/ctr').replace('/:blob*', '/blob')
  for (const { route, query = '' } of operations) {
    const [method = '', path = ''] = filled(route).split(' ')
    if (method === 'OPTIONS') continue
    for (const name of ['comp', 'Comp', 'restype'].filter(name => !query.includes(`${name.toLowerCase()}=`))) {
      const ask = `${path || '/'}?${query}&${name}=nonsense`
      const refused = await send(method, ask, { token: await storage.lazuli.adminToken(storageAudience) })
      // Some of them only a role for data reaches.
      const code = refused.status === 403 ? said(await send(method, ask, { headers: block })) : said(refused)
      assert.deepEqual(code, [400, 'InvalidQueryParameterValue'], `${method} ${ask}`)
    }
  }
  for (const [method, comp] of [
    ['DELETE', 'acl'],
    ['DELETE', 'metadata'],
    ['PUT', 'undelete'],
    ['PUT', 'rename'],
    ['HEAD', 'list'],
  ] as const)
    for (const container of ['ctr', 'gone'])
      assert.deepEqual(
        said(await send(method, `/${container}?restype=container&comp=${comp}`)),
        [400, 'InvalidQueryParameterValue'],
        `${method} ${container} ${comp}`,
      )
  assert.equal((await send('GET', '/ctr/blob')).text, 'hello')
  assert.equal((await send('HEAD', '/gone?restype=container')).status, 404)
})

test('dots in the name of a blob are kept, lead to no other blob, and are signed as they were sent', async t => {
  const storage = await openStorage(t)
  const { send, lazuli } = storage
  await send('PUT', '/ctr?restype=container')
  const sas = await signer(storage)
  const names = ['a/../dotted', 'a/./dotted', '../dotted', 'dotted/..', 'back\\..\\dotted']
  for (const [i, name] of [...names, 'a/%2e%2E/dotted'].entries()) {
    const body = `${i}`
    const bySas = `/ctr/${name}?${sas(decodeURIComponent(name), 'cw')}`
    const written = await send('PUT', bySas, { token: null, body, headers: block })
    assert.deepEqual(said(written), [201, null], name)
    assert.equal((await send('GET', `/ctr/${name}`)).text, body)
    const other = await send('GET', `/ctr/${name}?${sas('dotted', 'r')}`, { token: null })
    assert.deepEqual(said(other), [403, 'AuthenticationFailed'], name)

    const headers: Record<string, string> = { 'x-ms-version': '2021-06-08', 'x-ms-date': new Date().toUTCString() }
    const search = ''
    const signed = { method: 'GET', headers: new Headers(headers), path: `/ctr/${name}`, search }
    const key = Buffer.from(await keyOf(storage), 'base64')
    headers.authorization = `SharedKey acct1:${sign(key, stringsToSign(signed, 'acct1')[0] ?? '').toString('base64')}`
    const byKey = await lazuli.request('GET', `https://acct1.blob.core.windows.net/ctr/${name}`, { headers })
    assert.equal(await byKey.text(), body, name)
  }
  assert.equal((await send('GET', '/ctr/dotted')).status, 404)
  const { text } = await send('GET', '/ctr?restype=container&comp=list')
  assert.deepEqual(
    [...text.matchAll(/<Name>(.*?)<\/Name>/g)].map(([, name]) => name),
    names.sort(),
  )
})

test('blanks around the names of blobs and containers belong to them', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  for (const name of ['%20blank%20', 'blank']) await send('PUT', `/ctr/${name}`, { body: name, headers: block })
  assert.equal((await send('GET', '/ctr/%20blank%20')).text, '%20blank%20')
  assert.equal((await send('GET', '/ctr/blank')).text, 'blank')
  assert.deepEqual(said(await send('GET', '/ctr%20/blank')), [404, 'ContainerNotFound'])
  assert.deepEqual(said(await send('PUT', '/ctr%20?restype=container')), [400, 'InvalidResourceName'])
  await send('PUT', '/$root?restype=container')
  assert.equal((await send('PUT', '/%20root', { body: 'root', headers: block })).status, 201)
  assert.equal((await send('GET', '/root')).status, 404)
})

test('a carriage return in a name arrives as one in a list', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/a%0Db', { body: 'hello', headers: block })
  assert.match((await send('GET', '/ctr?restype=container&comp=list')).text, /<Name>a&#13;b<\/Name>/)
})

test('a signature for one user is good with their token, and with no other', async t => {
  const storage = await openStorage(t)
  const { send, lazuli, token } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const user = await lazuli.principal({ roles: [], audience: storageAudience })
  const sas = generateBlobSASQueryParameters(
    {
      ...{ containerName: 'ctr', blobName: 'blob', permissions: BlobSASPermissions.parse('r'), expiresOn: later() },
      delegatedUserObjectId: user.objectId,
    },
    await delegationKeyOf(storage),
    'acct1',
  )
  const get = (path: string, wish: { token: string | null }) => send('GET', `/ctr/${path}`, wish)
  assert.match(String(sas), /sduoid/)
  assert.equal((await get(`blob?${sas}`, { token: user.token })).text, 'hello')
  const elsewhere = await user.tokenFor('https://vault.azure.net')
  for (const other of [null, token, elsewhere, 'nonsense'])
    assert.deepEqual(said(await get(`blob?${sas}`, { token: other })), [403, 'AuthenticationFailed'])
  assert.deepEqual(said(await get('blob', { token: user.token })), [403, 'AuthorizationPermissionMismatch'])
  assert.deepEqual(said(await get(`other?${sas}`, { token: user.token })), [403, 'AuthenticationFailed'])
  // Its user is signed: without it, or with somebody else's, it is another signature.
  const { objectId } = await lazuli.principal({ audience: storageAudience })
  for (const changed of [`${sas}`.replace(/&?sduoid=[^&]*/, ''), `${sas}`.replace(user.objectId, objectId)])
    assert.deepEqual(said(await get(`blob?${changed}`, { token: null })), [403, 'AuthenticationFailed'])
})

test('what nothing answers says so to whoever has signed in, by whatever means, and to nobody else', async t => {
  const storage = await openStorage(t)
  const { send, lazuli } = storage
  await send('PUT', '/ctr?restype=container')
  const key = Buffer.from(await keyOf(storage), 'base64')
  const ask = '/ctr/blob?comp=query'
  const refused = [400, 'InvalidQueryParameterValue']
  assert.deepEqual(said(await send('POST', ask)), refused)
  assert.deepEqual(said(await send('POST', ask, { token: null })), [401, 'NoAuthenticationInformation'])
  const sas = (await signer(storage))('blob', 'r')
  assert.deepEqual(said(await send('POST', `${ask}&${sas}`, { token: null })), refused)
  const wrong = `/ctr/other?comp=query&${sas}`
  assert.deepEqual(said(await send('POST', wrong, { token: null })), [403, 'AuthenticationFailed'])
  const wide = makeAccountSas(key, 'acct1', { ss: 'b', srt: 'c', sp: 'r', se: '2999-01-01' })
  assert.deepEqual(said(await send('POST', `/ctr?comp=nonsense&${wide}`, { token: null })), refused)

  const headers: Record<string, string> = { 'x-ms-version': '2021-06-08', 'x-ms-date': new Date().toUTCString() }
  const request = { method: 'POST', headers: new Headers(headers), path: '/ctr/blob', search: '?comp=query' }
  headers.authorization = `SharedKey acct1:${sign(key, stringsToSign(request, 'acct1')[0] ?? '').toString('base64')}`
  const address = `https://acct1.blob.core.windows.net${ask}`
  assert.deepEqual(said(await lazuli.request('POST', address, { headers })), refused)
})

test('a condition on tags is any of some, and one that is none is said of its header', async t => {
  const { send } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: { ...block, 'x-ms-tags': 'a=1&b=2' } })
  const get = (condition: string) => send('GET', '/ctr/blob', { headers: { 'x-ms-if-tags': condition } })
  for (const [condition, status] of [
    ["a = '1' OR a = '2'", 200],
    ["a = '2' OR a = '1'", 200],
    ["a = '2' AND b = '2' OR b = '3'", 412],
    ["a = '2' OR a = '1' AND b = '2'", 200],
    ["a = '2' or b = '3'", 412],
    ["a = '2' OR", 400],
    ["OR a = '1'", 400],
    ["a = '1' ORa = '1'", 400],
  ] as const)
    assert.equal((await get(condition)).status, status, condition)
  const refused = await get('nonsense')
  assert.deepEqual(said(refused), [400, 'InvalidHeaderValue'])
  assert.match(refused.text, /<HeaderName>x-ms-if-tags<\/HeaderName>/)
  const find = await send('GET', `/?comp=blobs&where=${encodeURIComponent("a = '1' OR a = '2'")}`)
  assert.deepEqual(said(find), [400, 'InvalidQueryParameterValue'])
})

test('the letter d breaks a lease and does nothing else to it; a role to delete does not', async t => {
  const storage = await openStorage(t)
  const { send, lazuli } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const key = Buffer.from(await keyOf(storage), 'base64')
  const blobSas = (await signer(storage))('blob', 'd')
  const containerSas = makeAccountSas(key, 'acct1', { ss: 'b', srt: 'c', sp: 'd', se: '2999-01-01' })
  const { token } = await lazuli.principal({ roles: [], audience: storageAudience })
  for (const [path, sas] of [
    ['/ctr/blob?comp=lease', blobSas],
    ['/ctr?restype=container&comp=lease', containerSas],
  ] as const) {
    const act = (action: string, wish: { token: string | null }, query = '') =>
      send('PUT', path + query, {
        ...wish,
        headers: { 'x-ms-lease-action': action, 'x-ms-lease-duration': '-1', 'x-ms-lease-break-period': '0' },
      })
    const by = (action: string) => act(action, { token: null }, `&${sas}`)
    assert.deepEqual(said(await by('acquire')), [403, 'AuthorizationPermissionMismatch'])
    assert.equal((await act('acquire', storage)).status, 201)
    assert.deepEqual(said(await by('release')), [403, 'AuthorizationPermissionMismatch'])
    assert.deepEqual(said(await act('break', { token })), [403, 'AuthorizationPermissionMismatch'])
    assert.equal((await by('Break')).status, 202, path)
  }
})

test('what is no version, no date or too long is said in the words of this service', async t => {
  const storage = await openStorage(t, { allowBlobPublicAccess: true })
  const { send } = storage
  await send('PUT', '/ctr?restype=container', { headers: { 'x-ms-blob-public-access': 'blob' } })
  await send('PUT', '/ctr/blob', { body: 'hello', headers: { ...block, 'x-ms-tags': 'a=b' } })
  for (const version of ['banana', '20-1-1', '2008-01-01'])
    assert.deepEqual(said(await send('GET', '/ctr/blob', { headers: { 'x-ms-version': version } })), [
      400,
      'InvalidHeaderValue',
    ])
  assert.deepEqual(said(await send('GET', '/ctr/blob', { headers: { 'if-modified-since': '2020' } })), [
    400,
    'InvalidHeaderValue',
  ])
  const { headers } = await send('HEAD', '/ctr/blob')
  const same = await send('GET', '/ctr/blob', { headers: { 'if-none-match': headers.get('etag') ?? '' } })
  assert.deepEqual([same.status, same.headers.get('etag')], [304, headers.get('etag')])
  for (const path of ['/ctr?restype=container&comp=acl', '/ctr/blob?comp=tags'])
    assert.deepEqual(said(await send('PUT', path, { body: ' '.repeat(300_000) })), [413, 'RequestBodyTooLarge'], path)
  const snapshot = (await send('PUT', '/ctr/blob?comp=snapshot')).headers.get('x-ms-snapshot') ?? ''
  const tags = '<Tags><TagSet></TagSet></Tags>'
  assert.equal((await send('PUT', `/ctr/blob?comp=tags&snapshot=${snapshot}`, { body: tags })).status, 400)
  await send('PUT', '/ctr/blob?comp=block&blockid=AAAA', { body: 'waiting' })
  const blocks = async (token: string | null) =>
    (await send('GET', '/ctr/blob?comp=blocklist&blocklisttype=all', { token })).text
  assert.match(await blocks(storage.token), /AAAA/)
  assert.doesNotMatch(await blocks(null), /AAAA/)
  const info = `<KeyInfo><Start>soon</Start><Expiry>${later().toISOString().slice(0, 19)}Z</Expiry></KeyInfo>`
  const key = await send('POST', '/?restype=service&comp=userdelegationkey', { body: info })
  assert.deepEqual(said(key), [400, 'InvalidXmlDocument'])
})

test('keys for users are worth nothing once they are revoked, and new ones are', async t => {
  const storage = await openStorage(t)
  const { send, arm, id } = storage
  await send('PUT', '/ctr?restype=container')
  await send('PUT', '/ctr/blob', { body: 'hello', headers: block })
  const signature = async () =>
    generateBlobSASQueryParameters(
      { containerName: 'ctr', blobName: 'blob', permissions: BlobSASPermissions.parse('r'), expiresOn: later() },
      await delegationKeyOf(storage),
      'acct1',
    )
  const before = await signature()
  const get = (sas: unknown) => send('GET', `/ctr/blob?${sas}`, { token: null })
  assert.equal((await get(before)).text, 'hello')
  assert.equal((await arm('POST', `${id}/revokeUserDelegationKeys`)).status, 200)
  assert.deepEqual(said(await get(before)), [403, 'AuthenticationFailed'])
  assert.equal((await get(await signature())).text, 'hello')
  await arm('PATCH', id, { tags: { a: 'b' } })
  assert.deepEqual(said(await get(before)), [403, 'AuthenticationFailed'])
})

test('the resource manager shows and heeds a lease for as long as it lasts', async t => {
  const { send, arm, id, lazuli } = await openStorage(t)
  await send('PUT', '/ctr?restype=container')
  const lease = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '15' }
  await send('PUT', '/ctr?restype=container&comp=lease', { headers: lease })
  const path = `${id}/blobServices/default/containers/ctr`
  const seen = async () => {
    const { leaseStatus, leaseState } = JSON.parse((await arm('GET', path)).text).properties
    return [leaseStatus, leaseState]
  }
  assert.deepEqual(await seen(), ['Locked', 'Leased'])
  assert.equal((await arm('DELETE', path)).status, 409)
  lazuli.clock.forwardBy(16_000)
  assert.deepEqual(await seen(), ['Unlocked', 'Expired'])
  assert.equal((await arm('DELETE', path)).status, 200)
})
