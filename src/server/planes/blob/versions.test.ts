import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BlobSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob'
import { systemGrant } from '../../access/grant.ts'
import { expireContents } from '../../extents/expire.ts'
import { sweepExtents } from '../../extents/sweep.ts'
import { openStorage, storageAudience } from './testing.ts'

const grant = systemGrant('test')
const block = { 'x-ms-blob-type': 'BlockBlob' }
const long = (letter: string) => letter.repeat(50_000)
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/

/** An account that keeps versions, with a container. */
async function openVersioned(t: TestContext) {
  const storage = await openStorage(t)
  const { send, arm, id, lazuli } = storage
  const set = (properties: Record<string, unknown>) => arm('PUT', `${id}/blobServices/default`, { properties })
  await set({ isVersioningEnabled: true })
  await send('PUT', '/ctr?restype=container')
  const errorOf = ({ status, headers }: { status: number; headers: Headers }) => [
    status,
    headers.get('x-ms-error-code'),
  ]
  return {
    ...storage,
    set,
    errorOf,
    /** Answers the id of the version that it makes. */
    async write(path: string, headers: Record<string, string> = {}, body?: string): Promise<string> {
      const answer = await send('PUT', `/ctr/${path}`, { headers, ...(body === undefined ? {} : { body }) })
      assert.ok([200, 201, 202].includes(answer.status), answer.text)
      return answer.headers.get('x-ms-version-id') ?? 'none'
    },
    async get(path: string) {
      const { status, text } = await send('GET', `/ctr/${path}`)
      return status === 200 ? text : status
    },
    /** One line for each: `-` for what is deleted, `@` for snapshots, `v` for versions, `*` for the current one, `!` for what is gone. */
    async list(include: string, query = '') {
      const { status, text } = await send('GET', `/ctr?restype=container&comp=list&include=${include}${query}`)
      assert.equal(status, 200, text)
      return text
        .split('<Blob>')
        .slice(1)
        .map(one => {
          const has = (tag: string, sign: string) => (one.includes(`<${tag}>`) ? sign : '')
          const name = /<Name>([^<]*)/.exec(one)?.[1]
          const kept = has('Deleted', '-') + name + has('Snapshot', '@') + has('VersionId', 'v')
          return kept + has('IsCurrentVersion', '*') + has('HasVersionsOnly', '!')
        })
    },
    async sweep() {
      await expireContents(lazuli.parts)
      return sweepExtents(lazuli.parts, 0)
    },
  }
}

test('every write makes a version, and each of them can be read', async t => {
  const { send, write, get, list, sweep, errorOf } = await openVersioned(t)
  const ids = [await write('blob', { ...block, 'x-ms-tags': 'n=1' }, long('1'))]
  await send('PUT', '/ctr/blob?comp=block&blockid=AAAA', { body: '2' })
  ids.push(await write('blob?comp=blocklist', {}, '<BlockList><Latest>AAAA</Latest></BlockList>'))
  ids.push(await write('blob?comp=metadata', { 'x-ms-meta-Kind': 'a' }))
  ids.push(await write('blob', block, '4'))
  for (const id of ids) assert.match(id, time)
  assert.deepEqual(ids, [...new Set(ids)].sort(), 'later ones sort behind')

  const bodies = await Promise.all(ids.map(id => get(`blob?versionid=${id}`)))
  assert.deepEqual(bodies, [long('1'), '2', '2', '4'])
  const current = await send('HEAD', '/ctr/blob')
  assert.deepEqual(
    [current.headers.get('x-ms-version-id'), current.headers.get('x-ms-is-current-version')],
    [ids[3], 'true'],
  )
  const third = await send('HEAD', `/ctr/blob?versionid=${ids[2]}`)
  const told = ['x-ms-version-id', 'x-ms-is-current-version', 'x-ms-lease-state', 'x-ms-meta-kind']
  assert.deepEqual(
    told.map(name => third.headers.get(name)),
    [ids[2], null, null, 'a'],
  )
  assert.deepEqual(await list(''), ['blobv*'])
  assert.deepEqual(await list('snapshots,deleted,deletedwithversions'), ['blobv*'])
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blobv', 'blobv*'])
  const found = await send('GET', `/?comp=blobs&where=${encodeURI(`"n"='1'`)}`)
  assert.doesNotMatch(found.text, /<Blob>/, 'only the current one is found by its tags')
  assert.match((await send('GET', `/ctr/blob?comp=tags&versionid=${ids[0]}`)).text, /<Key>n<\/Key>/)
  assert.match((await send('GET', `/ctr/blob?comp=blocklist&versionid=${ids[1]}`)).text, /<Name>AAAA<\/Name>/)
  assert.equal(await sweep(), 0)
  assert.equal(await get(`blob?versionid=${ids[0]}`), long('1'))

  const none = '2020-01-01T00:00:00.0000000Z'
  assert.deepEqual(errorOf(await send('GET', `/ctr/blob?versionid=${none}`)), [404, 'BlobNotFound'])
  assert.deepEqual(errorOf(await send('GET', '/ctr/blob?versionid=x')), [400, 'InvalidQueryParameterValue'])
  const both = `/ctr/blob?versionid=${ids[0]}&snapshot=${none}`
  for (const method of ['GET', 'DELETE', 'PUT'])
    assert.deepEqual(errorOf(await send(method, both, { headers: block })), [400, 'MutuallyExclusiveQueryParameters'])
  const twice = `/ctr/blob?versionid=${ids[0]}&versionId=${ids[1]}`
  for (const method of ['GET', 'DELETE'])
    assert.deepEqual(errorOf(await send(method, twice)), [400, 'InvalidQueryParameterValue'])
  assert.equal(await get(`blob?VersionID=${ids[0]}`), long('1'))
  assert.equal((await send('DELETE', `/ctr/blob?versionId=${ids[0]}`)).status, 202)
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blobv*'], 'and not the blob itself')
})

test('what only says something about a blob makes no version', async t => {
  const { write, list, send } = await openVersioned(t)
  const id = await write('blob', block, '1')
  await write('blob?comp=properties', { 'x-ms-blob-content-type': 'a/b' })
  await send('PUT', '/ctr/blob?comp=tags', { body: '<Tags><TagSet /></Tags>' })
  await write('blob?comp=tier', { 'x-ms-access-tier': 'Cool' })
  await write('blob?comp=lease', { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '15' })
  assert.deepEqual(await list('versions'), ['blobv*'])
  assert.equal((await send('HEAD', '/ctr/blob')).headers.get('x-ms-version-id'), id)
})

test('a version is never changed, but for its tier and its tags', async t => {
  const { send, write, errorOf } = await openVersioned(t)
  const id = await write('blob', block, '1')
  await write('blob', block, '2')
  const changes: [query: string, headers: Record<string, string>][] = [
    ['', block],
    ['comp=metadata&', { 'x-ms-meta-a': 'b' }],
    ['comp=properties&', {}],
    ['comp=snapshot&', {}],
    ['comp=undelete&', {}],
    ['comp=block&blockid=AAAA&', {}],
    ['comp=lease&', { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '15' }],
  ]
  for (const [query, headers] of changes) {
    const answer = await send('PUT', `/ctr/blob?${query}versionid=${id}`, { headers })
    assert.deepEqual(errorOf(answer), [400, 'InvalidQueryParameterValue'], query)
  }
  const tags = '<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>'
  assert.equal((await send('PUT', `/ctr/blob?comp=tags&versionid=${id}`, { body: tags })).status, 204)
  await write(`blob?comp=tier&versionid=${id}`, { 'x-ms-access-tier': 'Archive' })
  assert.equal((await send('HEAD', `/ctr/blob?versionid=${id}`)).headers.get('x-ms-access-tier'), 'Archive')
  assert.equal((await send('HEAD', '/ctr/blob')).headers.get('x-ms-access-tier'), 'Hot')
  assert.doesNotMatch((await send('GET', `/?comp=blobs&where=${encodeURI(`"a"='b'`)}`)).text, /<Blob>/)
})

test('a deleted blob leaves its versions, and any of them can be promoted', async t => {
  const { send, write, get, list, errorOf } = await openVersioned(t)
  const ids = [await write('blob', block, long('1')), await write('blob', block, '2')]
  const lease = await send('PUT', '/ctr/blob?comp=lease', {
    headers: { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' },
  })
  assert.deepEqual(errorOf(await send('DELETE', '/ctr/blob')), [412, 'LeaseIdMissing'])
  const leased = { 'x-ms-lease-id': lease.headers.get('x-ms-lease-id') ?? '' }
  const deleted = await send('DELETE', '/ctr/blob', { headers: leased })
  assert.deepEqual([deleted.status, deleted.headers.get('x-ms-delete-type-permanent')], [202, 'false'])
  assert.equal(await get('blob'), 404)
  assert.deepEqual(errorOf(await send('DELETE', '/ctr/blob')), [404, 'BlobNotFound'])
  assert.deepEqual(await list('deleted'), [])
  assert.deepEqual(await list('versions'), ['blobv', 'blobv'])
  assert.deepEqual(await list('deletedwithversions'), ['blob!'])

  const source = { 'x-ms-copy-source': `https://acct1.blob.core.windows.net/ctr/blob?versionid=${ids[0]}` }
  ids.push(await write('blob', source))
  assert.equal(await get('blob'), long('1'))
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blobv*'])
  assert.deepEqual(await list('deletedwithversions'), ['blobv*'])
  ids.push(await write('blob', { ...source, ...block }))
  assert.equal(await get(`blob?versionid=${ids[2]}`), long('1'))

  assert.deepEqual(errorOf(await send('DELETE', `/ctr/blob?versionid=${ids[3]}`)), [
    403,
    'OperationNotAllowedOnRootBlob',
  ])
  const with1 = { headers: { 'x-ms-delete-snapshots': 'include' } }
  const refused = await send('DELETE', `/ctr/blob?versionid=${ids[0]}`, with1)
  assert.deepEqual(errorOf(refused), [400, 'InvalidQueryParameterValue'])
  const gone = await send('DELETE', `/ctr/blob?versionid=${ids[0]}`)
  assert.deepEqual([gone.status, gone.headers.get('x-ms-delete-type-permanent')], [202, 'true'])
  assert.equal(await get(`blob?versionid=${ids[0]}`), 404)
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blobv*'])
})

test('content stays for as long as a version refers to it, and no longer', async t => {
  const { send, write, get, sweep } = await openVersioned(t)
  const first = await write('blob', block, long('1'))
  await write('copy', { 'x-ms-copy-source': 'https://acct1.blob.core.windows.net/ctr/blob' })
  const second = await write('blob', block, long('2'))
  await send('DELETE', '/ctr/blob')
  await send('PUT', '/ctr/copy', { body: 'x', headers: block })
  assert.equal(await sweep(), 0)
  assert.deepEqual(
    [await get(`blob?versionid=${first}`), await get(`blob?versionid=${second}`)],
    [long('1'), long('2')],
  )
  await send('DELETE', `/ctr/blob?versionid=${first}`)
  assert.equal(await sweep(), 0, 'a version of the copy has it, too')
  await send('DELETE', `/ctr/blob?versionid=${second}`)
  assert.equal(await sweep(), 1)
  await send('DELETE', '/ctr?restype=container')
  assert.equal(await sweep(), 1)
})

test('a snapshot makes a version, too, and is deleted as ever', async t => {
  const { send, write, get, list, errorOf } = await openVersioned(t)
  const first = await write('blob', block, '1')
  const lease = await send('PUT', '/ctr/blob?comp=lease', {
    headers: { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' },
  })
  const leased = { 'x-ms-lease-id': lease.headers.get('x-ms-lease-id') ?? '' }
  const { etag } = Object.fromEntries((await send('HEAD', '/ctr/blob')).headers)
  const taken = await send('PUT', '/ctr/blob?comp=snapshot')
  const second = taken.headers.get('x-ms-version-id') ?? ''
  assert.ok(second > first)
  assert.equal(taken.headers.get('etag'), etag)
  const after = await send('HEAD', '/ctr/blob')
  assert.deepEqual(
    ['etag', 'x-ms-version-id', 'x-ms-lease-state'].map(name => after.headers.get(name)),
    [etag, second, 'leased'],
  )
  assert.deepEqual(await list('snapshots'), ['blob@', 'blobv*'])
  assert.deepEqual((await list('snapshots,versions')).sort(), ['blob@', 'blobv', 'blobv*'])
  await write('blob', { ...block, ...leased }, '2')
  assert.equal(await get(`blob?snapshot=${taken.headers.get('x-ms-snapshot')}`), '1')
  assert.deepEqual(errorOf(await send('DELETE', '/ctr/blob', { headers: leased })), [409, 'SnapshotsPresent'])
  const all = { ...leased, 'x-ms-delete-snapshots': 'include' }
  assert.equal((await send('DELETE', '/ctr/blob', { headers: all })).status, 202)
  assert.deepEqual(await list('snapshots,versions'), ['blobv', 'blobv', 'blobv'])
  assert.equal(await get(`blob?versionid=${first}`), '1')
})

test('pages and appends change the current version, and none before it', async t => {
  const { send, write, get, list, errorOf } = await openVersioned(t)
  const ids = [await write('log', { 'x-ms-blob-type': 'AppendBlob' })]
  await send('PUT', '/ctr/log?comp=appendblock', { body: 'one' })
  ids.push(await write('log?comp=metadata', { 'x-ms-meta-a': 'b' }))
  await send('PUT', '/ctr/log?comp=appendblock', { body: 'two' })
  assert.deepEqual([await get(`log?versionid=${ids[0]}`), await get(`log?versionid=${ids[1]}`)], ['one', 'onetwo'])
  await write('log', { 'x-ms-copy-source': `https://acct1.blob.core.windows.net/ctr/log?versionid=${ids[0]}` })
  await send('PUT', '/ctr/log?comp=appendblock', { body: 'three' })
  assert.deepEqual([await get('log'), await get(`log?versionid=${ids[1]}`)], ['onethree', 'onetwo'])

  const page = (letter: string) => ({
    body: letter.repeat(512),
    headers: { 'x-ms-page-write': 'update', 'x-ms-range': 'bytes=0-511' },
  })
  const first = await write('disk', { 'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '512' })
  await send('PUT', '/ctr/disk?comp=page', page('a'))
  await write('disk?comp=metadata', { 'x-ms-meta-a': 'b' })
  await send('PUT', '/ctr/disk?comp=page', page('b'))
  assert.deepEqual([await get(`disk?versionid=${first}`), await get('disk')], ['a'.repeat(512), 'b'.repeat(512)])
  assert.deepEqual(await list('versions'), ['diskv', 'diskv*', 'logv', 'logv', 'logv*'])

  const other = await send('PUT', '/ctr/log', { body: 'x', headers: block })
  assert.deepEqual(errorOf(other), [409, 'InvalidBlobType'])
  await send('DELETE', '/ctr/log')
  assert.deepEqual(errorOf(await send('PUT', '/ctr/log', { body: 'x', headers: block })), [409, 'InvalidBlobType'])
})

test('versioning is switched on and off, and nothing that there is gets lost', async t => {
  const { send, write, get, list, set } = await openVersioned(t)
  await set({ isVersioningEnabled: false })
  assert.equal(await write('blob', block, '1'), 'none')
  assert.equal(await write('blob', block, '2'), 'none')
  assert.deepEqual(await list('versions'), ['blob'])
  const { 'last-modified': changed = '' } = Object.fromEntries((await send('HEAD', '/ctr/blob')).headers)
  await set({ isVersioningEnabled: true })
  const third = await write('blob', block, '3')
  const { text } = await send('GET', '/ctr?restype=container&comp=list&include=versions')
  const [second = '', current] = [...text.matchAll(/<VersionId>([^<]*)/g)].map(([, id]) => id)
  assert.equal(current, third)
  assert.equal(new Date(second).toUTCString(), changed, 'the time of its last change')
  assert.equal(await get(`blob?versionid=${second}`), '2')

  await set({ isVersioningEnabled: false })
  assert.equal(await write('blob', block, '4'), 'none')
  assert.equal(await write('blob', block, '5'), 'none')
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blob'])
  assert.equal(await get(`blob?versionid=${third}`), '3')
  const deleted = await send('DELETE', '/ctr/blob')
  assert.equal(deleted.headers.get('x-ms-delete-type-permanent'), 'true')
  assert.equal((await send('DELETE', `/ctr/blob?versionid=${third}`)).status, 202)
  assert.deepEqual(await list('versions'), ['blobv'])
})

test('with soft delete on, too, only versions and snapshots that are deleted are kept', async t => {
  const { send, write, get, list, set, lazuli, sweep } = await openVersioned(t)
  await set({ deleteRetentionPolicy: { enabled: true, days: 2 } })
  const ids = [await write('blob', block, long('1')), await write('blob', block, '2'), await write('blob', block, '3')]
  await send('DELETE', '/ctr/blob')
  assert.deepEqual(await list('deleted,snapshots,versions'), ['blobv', 'blobv', 'blobv'])
  for (const id of ids.slice(0, 2)) {
    const deleted = await send('DELETE', `/ctr/blob?versionid=${id}`)
    assert.deepEqual([deleted.status, deleted.headers.get('x-ms-delete-type-permanent')], [202, 'false'])
  }
  assert.equal(await get(`blob?versionid=${ids[0]}`), 404)
  assert.equal((await send('DELETE', `/ctr/blob?versionid=${ids[0]}`)).status, 404)
  assert.deepEqual(await list('versions'), ['blobv'])
  assert.deepEqual(await list('versions,deleted'), ['-blobv', '-blobv', 'blobv'])
  assert.equal(await sweep(), 0)
  assert.equal((await send('PUT', '/ctr/blob?comp=undelete')).status, 200)
  assert.deepEqual(await list('versions,deleted'), ['blobv', 'blobv', 'blobv'])
  assert.deepEqual([await get(`blob?versionid=${ids[0]}`), await get('blob')], [long('1'), 404])

  for (const type of ['permanent', 'other'])
    assert.equal((await send('DELETE', `/ctr/blob?versionid=${ids[0]}&deletetype=${type}`)).status, 400)
  await send('DELETE', `/ctr/blob?versionid=${ids[0]}`)
  lazuli.clock.forwardBy(3 * 24 * 60 * 60_000)
  assert.equal(await sweep(), 1)
})

test('pages of any size are one list of versions', async t => {
  const { send, write, list } = await openVersioned(t)
  for (const name of ['a/1', 'a/1', 'a/2', 'b', 'b', 'b', 'c', 'd', 'd', 'd']) await write(name, block, 'x')
  await send('PUT', '/ctr/b?comp=snapshot')
  for (const name of ['a/1', 'a/2', 'd']) await send('DELETE', `/ctr/${name}`)
  const cases: [include: string, expected: string[]][] = [
    ['', ['bv*', 'cv*']],
    ['versions', ['a/1v', 'a/1v', 'a/2v', 'bv', 'bv', 'bv', 'bv*', 'cv*', 'dv', 'dv', 'dv']],
    ['versions,deletedwithversions', ['a/1v', 'a/1v', 'a/2v', 'bv', 'bv', 'bv', 'bv*', 'cv*', 'dv', 'dv', 'dv']],
    ['snapshots', ['b@', 'bv*', 'cv*']],
    ['deletedwithversions', ['a/1!', 'a/2!', 'bv*', 'cv*', 'd!']],
    ['deletedwithversions&delimiter=%2F', ['bv*', 'cv*', 'd!']],
  ]
  for (const [include, expected] of cases) {
    for (const size of [1, 2, 3, 5000]) {
      const found: string[] = []
      for (let marker: string | undefined = ''; marker !== undefined; ) {
        const query: string = `&maxresults=${size}&marker=${marker}`
        found.push(...(await list(include, query)))
        const { text } = await send('GET', `/ctr?restype=container&comp=list&include=${include}${query}`)
        marker = /<NextMarker>([^<]+)/.exec(text)?.[1]
      }
      assert.deepEqual(found, expected, `${include} ${size}`)
    }
  }
})

test('deleting a version takes a right of its own, of roles and of signatures', async t => {
  const { send, write, get, errorOf, lazuli, list } = await openVersioned(t)
  const names = ['1', '2', '3', '4', '5', '6']
  const ids: string[] = []
  for (const body of names) ids.push(await write('blob', block, body))
  const [first = '', second = '', third = '', fourth = ''] = ids
  const role = 'Storage Blob Data Contributor'
  const { token } = await lazuli.principal({ roles: [{ role }], audience: storageAudience })
  const refused = [403, 'AuthorizationPermissionMismatch']
  assert.deepEqual(errorOf(await send('DELETE', `/ctr/blob?versionid=${first}`, { token })), refused)
  assert.equal((await send('DELETE', `/ctr/blob?versionid=${first}`)).status, 202)

  const account = await lazuli.store.storageAccounts.get(grant, { name: 'acct1' })
  assert.ok(account)
  const [key] = await lazuli.store.storageAccounts.keys(grant, account)
  const credential = new StorageSharedKeyCredential('acct1', Buffer.from(key?.value ?? '').toString('base64'))
  const signed = (permissions: string, of: { versionId?: string; snapshotTime?: string } = {}) => {
    const expiresOn = new Date(Date.now() + 3_600_000)
    const values = {
      containerName: 'ctr',
      blobName: 'blob',
      permissions: BlobSASPermissions.parse(permissions),
      expiresOn,
    }
    return generateBlobSASQueryParameters({ ...values, ...of }, credential).toString()
  }
  const by = (sas: string) => async (method: string, query: string) =>
    errorOf(await send(method, `/ctr/blob?${query}&${sas}`, { token: null }))
  const ofBlob = by(signed('rd'))
  assert.deepEqual(await ofBlob('GET', `versionid=${second}`), [200, null])
  assert.deepEqual(await ofBlob('DELETE', `versionid=${second}`), refused)
  assert.deepEqual(await by(signed('x'))('DELETE', `versionid=${second}`), [202, null])

  const ofThird = by(signed('rwdx', { versionId: third }))
  const failed = [403, 'AuthenticationFailed']
  assert.deepEqual(await ofThird('GET', `versionid=${third}`), [200, null])
  assert.deepEqual(await ofThird('GET', `versionid=${fourth}`), failed)
  assert.deepEqual(await ofThird('GET', `snapshot=${third}`), failed)
  for (const method of ['GET', 'DELETE', 'PUT']) assert.deepEqual(await ofThird(method, ''), failed, method)
  assert.deepEqual(await ofThird('PUT', `comp=undelete&versionid=${third}`), [400, 'InvalidQueryParameterValue'])
  assert.deepEqual(await ofThird('DELETE', `versionid=${third}`), [202, null])
  assert.deepEqual(await by(signed('r', { snapshotTime: fourth }))('GET', `versionid=${fourth}`), failed)
  assert.deepEqual(await list('versions'), ['blobv', 'blobv', 'blobv*'])
  assert.equal((await send('DELETE', '/ctr/blob', { token })).status, 202)
  assert.equal(await get('blob'), 404)
})
