import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import { type Answer, openLake, refusalOf } from './testing-lake.ts'

const grant = systemGrant('test')
const done = { boolean: true }
const not = { boolean: false }
const status = (answer: Answer) => answer.body.FileStatus

test('a file is written in parts and read in parts', async t => {
  const { admin, tree } = await openLake(t)
  const sizes = [10, 0, 16_384, 16_385, 100_000, 1]
  const parts = sizes.map((size, i) => Buffer.alloc(size, 97 + i))
  const whole = Buffer.concat(parts)
  let offset = 0
  await admin.call('PUT', '/a/b/f', 'CREATE', { query: 'write=true' })
  for (const body of parts) {
    const query = `append=true&offset=${offset}`
    assert.equal((await admin.call('POST', '/a/b/f', 'APPEND', { query, body })).status, 200)
    offset += body.length
  }
  for (const [from, length] of [
    [0, whole.length],
    [9, 2],
    [10, 16_384],
    [16_000, 50_000],
    [whole.length - 1, 100],
    [whole.length, 5],
    [5, 0],
  ] as const) {
    const query = `read=true&offset=${from}&length=${length}`
    const { text, headers } = await admin.call('GET', '/a/b/f', 'OPEN', { query })
    assert.equal(text, whole.subarray(from, from + length).toString(), query)
    assert.equal(headers.get('content-length'), String(text.length))
  }
  assert.deepEqual(await tree(), { '/a/': '', '/a/b/': '', '/a/b/f': whole.toString() })
})

test('an append that does not fit the end is refused, so that a repeated one does no harm', async t => {
  const { admin, tree } = await openLake(t)
  await admin.call('PUT', '/f', 'CREATE', { query: 'write=true', body: 'abc' })
  for (const offset of [0, 2, 4, 1e15]) {
    const query = `append=true&offset=${offset}`
    const answer = await admin.call('POST', '/f', 'APPEND', { query, body: 'x' })
    assert.deepEqual(refusalOf(answer), offset > 1e14 ? [400, 'IllegalArgumentException'] : [400, 'BadOffsetException'])
  }
  const past = await admin.call('GET', '/f', 'OPEN', { query: 'read=true&offset=4' })
  assert.deepEqual(refusalOf(past), [400, 'BadOffsetException'])
  assert.deepEqual(await tree(), { '/f': 'abc' })
})

test('reading, writing and appending are asked for twice, the second time with the word that says so', async t => {
  const { admin, tree } = await openLake(t)
  await admin.call('PUT', '/f', 'CREATE', { query: 'write=true', body: 'abc' })
  for (const [method, path, op, word] of [
    ['PUT', '/new', 'CREATE', 'write'],
    ['POST', '/f', 'APPEND', 'append'],
    ['GET', '/f', 'OPEN', 'read'],
  ] as const) {
    const { status, headers, text } = await admin.call(method, path, op, method === 'GET' ? {} : { body: 'x' })
    const location = `https://acct.azuredatalakestore.net/webhdfs/v1${path}?op=${op}&${word}=true`
    assert.deepEqual([status, headers.get('location'), text], [307, location, ''])
  }
  assert.deepEqual(await tree(), { '/f': 'abc' })
})

test('a file is replaced only on demand, and a folder never', async t => {
  const { admin, tree } = await openLake(t)
  const create = (path: string, query: string) =>
    admin.call('PUT', path, 'CREATE', { query: `write=true&${query}`, body: query })
  assert.equal((await create('/d/f', 'overwrite=false')).status, 201)
  assert.deepEqual(refusalOf(await create('/d/f', 'overwrite=false')), [403, 'FileAlreadyExistsException'])
  assert.deepEqual(refusalOf(await create('/d', 'overwrite=true')), [403, 'FileAlreadyExistsException'])
  assert.deepEqual(refusalOf(await create('/', 'overwrite=true')), [403, 'FileAlreadyExistsException'])
  assert.deepEqual(refusalOf(await create('/d/f/g', '')), [403, 'FileAlreadyExistsException'])
  assert.deepEqual(refusalOf(await create('/x/y', 'CreateParent=false')), [404, 'FileNotFoundException'])
  assert.equal((await create('/d/f', 'overwrite=True')).status, 201)
  assert.deepEqual(await tree(), { '/d/': '', '/d/f': 'overwrite=True' })
})

test('folders are made with those before them, and once', async t => {
  const { admin, tree } = await openLake(t)
  assert.deepEqual((await admin.call('PUT', '/a/b/c', 'MKDIRS', { query: 'permission=750' })).body, done)
  assert.deepEqual((await admin.call('PUT', '/a/b/c', 'MKDIRS')).body, done)
  assert.deepEqual((await admin.call('PUT', '/', 'MKDIRS')).body, done)
  const modes = ['/a', '/a/b', '/a/b/c'].map(path => admin.call('GET', path, 'GETFILESTATUS'))
  assert.deepEqual(
    (await Promise.all(modes)).map(answer => status(answer).permission),
    ['770', '770', '750'],
  )
  await admin.call('PUT', '/a/f', 'CREATE', { query: 'write=true' })
  for (const path of ['/a/f', '/a/f/g']) {
    assert.deepEqual(refusalOf(await admin.call('PUT', path, 'MKDIRS')), [403, 'FileAlreadyExistsException'])
  }
  assert.deepEqual(Object.keys(await tree()), ['/a/', '/a/b/', '/a/b/c/', '/a/f'])
})

test('a path is the same however many slashes, dots and escapes it has, and never leads up', async t => {
  const { admin, lazuli, tree } = await openLake(t)
  await admin.call('PUT', '//d%20d//./f%2Fg', 'CREATE', { query: 'write=true', body: 'x' })
  assert.deepEqual(await tree(), { '/d d/': '', '/d d/f/': '', '/d d/f/g': 'x' })
  for (const path of ['/d%20d/f/g', '//d%20d/f//g', '/d%20d/%2E/f/g/', '/d%20d%2Ff%2Fg']) {
    assert.equal((await admin.call('GET', path, 'GETFILESTATUS')).status, 200, path)
  }
  for (const path of [
    '/d%20d%2F..%2Fx',
    '/x%2F..',
    '/%2e%2e%2f..',
    '/a/../b',
    '/a/%2e%2E/b2',
    '/..',
    `/${'x'.repeat(256)}`,
    '/y'.repeat(1001),
  ]) {
    const answer = await admin.call('PUT', path, 'MKDIRS')
    assert.deepEqual(refusalOf(answer), [400, 'IllegalArgumentException'], path.slice(0, 40))
  }
  for (const path of ['/a%00b', '/%ff', '/%']) assert.equal((await admin.call('PUT', path, 'MKDIRS')).status, 400, path)
  assert.deepEqual(Object.keys(await tree()).length, 3)
  const token = await lazuli.adminToken('https://datalake.azure.net')
  const spelled = 'https://acct.azuredatalakestore.net/WebHDFS/v1/.?OP=liststatus&API-Version=2018-09-01'
  assert.equal((await lazuli.request('GET', spelled, { token })).status, 200)
})

test('names are listed in their order, and in pages that say where to go on', async t => {
  const { admin } = await openLake(t)
  const names = ['a', 'B', 'ä', 'b', '10', '9']
  for (const name of names) await admin.call('PUT', `/d/${encodeURIComponent(name)}`, 'MKDIRS')
  const page = async (query: string) => {
    const { FileStatuses } = (await admin.call('GET', '/d', 'LISTSTATUS', { query })).body
    return { ...FileStatuses, FileStatus: FileStatuses.FileStatus.map((one: { pathSuffix: string }) => one.pathSuffix) }
  }
  const all = ['10', '9', 'B', 'a', 'b', 'ä']
  assert.deepEqual(await page(''), { FileStatus: all })
  assert.deepEqual(await page('listSize=4000'), { FileStatus: all, continuationToken: '' })
  assert.deepEqual(await page('listSize=4'), { FileStatus: all.slice(0, 4), continuationToken: 'a' })
  assert.deepEqual(await page('listSize=4&listAfter=a'), { FileStatus: all.slice(4), continuationToken: '' })
  assert.deepEqual(await page('listBefore=B'), { FileStatus: ['10', '9'] })
  for (const bad of ['0', '-1', 'x']) {
    const answer = await admin.call('GET', '/d', 'LISTSTATUS', { query: `listSize=${bad}` })
    assert.deepEqual(refusalOf(answer), [400, 'IllegalArgumentException'])
  }
  await admin.call('PUT', '/f', 'CREATE', { query: 'write=true', body: 'xyz' })
  const [alone] = (await admin.call('GET', '/f', 'LISTSTATUS')).body.FileStatuses.FileStatus
  assert.deepEqual([alone.pathSuffix, alone.type, alone.length], ['', 'FILE', 3])
})

test('a folder is renamed with all that is in it, unless there is no place for it', async t => {
  const { admin, tree } = await openLake(t)
  for (const path of ['/a/x/f', '/a/g', '/b/f']) {
    await admin.call('PUT', path, 'CREATE', { query: 'write=true', body: path })
  }
  const rename = async (path: string, to: string, options = '') =>
    (await admin.call('PUT', path, 'RENAME', { query: `destination=${to}${options}` })).body
  assert.deepEqual(await rename('/a', '/a/x/y'), not)
  assert.deepEqual(await rename('/a', '/nowhere/a'), not)
  assert.deepEqual(await rename('/a', '/a'), not)
  assert.deepEqual(await rename('/a/g', '/b/f'), not)
  assert.deepEqual(await rename('/a/g', '/b/f/under'), not)
  assert.deepEqual(await rename('/a/x', 'c'), done)
  assert.deepEqual(await rename('/a', '/c'), done)
  assert.deepEqual(await rename('/b/f', '/c/a/g', '&renameoptions=OVERWRITE'), done)
  assert.deepEqual(await tree(), { '/b/': '', '/c/': '', '/c/a/': '', '/c/a/g': '/b/f', '/c/f': '/a/x/f' })
  assert.deepEqual(refusalOf(await admin.call('PUT', '/no', 'RENAME', { query: 'destination=/x' })), [
    ...[404, 'FileNotFoundException'],
  ])
  assert.deepEqual(refusalOf(await admin.call('PUT', '/', 'RENAME', { query: 'destination=/x' })), [
    ...[400, 'IllegalArgumentException'],
  ])
})

test('a folder that is not empty is deleted only with all that is in it', async t => {
  const { admin, tree, lazuli } = await openLake(t)
  for (const path of ['/a/b/f', '/a/g', '/c']) {
    await admin.call('PUT', path, 'CREATE', { query: 'write=true', body: 'x' })
  }
  assert.deepEqual(refusalOf(await admin.call('DELETE', '/a', 'DELETE')), [403, 'IOException'])
  assert.deepEqual((await admin.call('DELETE', '/a', 'DELETE', { query: 'recursive=True' })).body, done)
  assert.deepEqual((await admin.call('DELETE', '/a', 'DELETE')).body, not)
  assert.deepEqual((await admin.call('DELETE', '/no/such', 'DELETE')).body, not)
  assert.deepEqual(refusalOf(await admin.call('DELETE', '/', 'DELETE', { query: 'recursive=true' })), [
    ...[400, 'IllegalArgumentException'],
  ])
  assert.deepEqual(await tree(), { '/c': 'x' })
  assert.deepEqual((await admin.call('GET', '/', 'GETCONTENTSUMMARY')).body, {
    ContentSummary: { directoryCount: 1, fileCount: 1, length: 1, quota: -1, spaceConsumed: 1, spaceQuota: -1 },
  })
  const token = await lazuli.adminToken()
  await lazuli.request(
    'DELETE',
    `/subscriptions/${lazuli.directory.subscriptionId}/resourceGroups/g/providers/Microsoft.DataLakeStore/accounts/acct?api-version=2016-11-01`,
    { token },
  )
  assert.equal((await admin.call('GET', '/', 'LISTSTATUS')).status, 404)
})

test('files are put behind each other, and are gone then', async t => {
  const { admin, tree } = await openLake(t)
  const fill = (path: string, body: string) => admin.call('PUT', path, 'CREATE', { query: 'write=true', body })
  const concat = (path: string, body: string, query = '') => admin.call('POST', path, 'MSCONCAT', { body, query })
  const large = 'L'.repeat(20_000)
  for (const [path, body] of Object.entries({ '/p/1': 'one', '/p/2': large, '/p/3': '', '/t': 'T', '/q/x': 'x' })) {
    await fill(path, body)
  }
  const refused = async (answer: Promise<Answer>) =>
    assert.deepEqual(refusalOf(await answer), [400, 'IllegalArgumentException'])
  await refused(concat('/t', '{"sources":["/p/1","/p/1"]}'))
  await refused(concat('/t', '{"sources":["/t"]}'))
  await refused(concat('/t', '{"sources":[]}'))
  await refused(concat('/t', '{"sources":[1]}'))
  await refused(concat('/t', 'nonsense'))
  await refused(concat('/p/t', '{"sources":["/p/1"]}', 'deleteSourceDirectory=true'))
  await refused(concat('/t', '{"sources":["/p/1","/q/x"]}', 'deleteSourceDirectory=true'))
  assert.deepEqual(refusalOf(await concat('/t', '{"sources":["/p/1","/p/9"]}')), [404, 'FileNotFoundException'])
  assert.equal(Object.keys(await tree()).length, 7, 'nothing of it was done')

  assert.equal((await concat('/t', '{"sources":["/p/1","p/2","//p/3"]}')).status, 200)
  assert.deepEqual(await tree(), { '/p/': '', '/q/': '', '/q/x': 'x', '/t': `Tone${large}` })
  await fill('/p/1', '1')
  await fill('/p/rest', 'goes too')
  assert.equal((await concat('/q/new', 'sources=/p/1', 'deleteSourceDirectory=True')).status, 200)
  assert.equal((await admin.call('POST', '/q/new', 'CONCAT', { query: 'sources=/q/x' })).status, 200)
  assert.deepEqual(await tree(), { '/q/': '', '/q/new': '1x', '/t': `Tone${large}` })
})

test('who writes under a lease keeps others out, until it says CLOSE or nothing for ten minutes', async t => {
  const { admin, lazuli, tree } = await openLake(t)
  const write = async (op: 'CREATE' | 'APPEND', body: string, query: string) => {
    const [method, word] = op === 'CREATE' ? ['PUT', 'write=true&overwrite=true'] : ['POST', 'append=true']
    return refusalOf(await admin.call(method, '/f', op, { query: `${word}&${query}`, body }))[0]
  }
  const [mine, other] = ['leaseid=11111111-1111-1111-1111-11111111111A', 'leaseid=22222222-2222-2222-2222-222222222222']
  assert.equal(await write('CREATE', 'a', `${mine}&syncFlag=DATA`), 201)
  assert.equal(await write('APPEND', 'b', `${mine.toLowerCase()}&syncFlag=METADATA`), 200)
  assert.equal(await write('APPEND', 'x', `${other}&syncFlag=DATA`), 403)
  assert.equal(await write('APPEND', 'x', ''), 403)
  assert.equal(await write('CREATE', 'x', other), 403)
  assert.equal(await write('APPEND', '', `${mine}&syncFlag=CLOSE`), 200)
  assert.equal(await write('APPEND', 'c', `${other}&syncFlag=DATA`), 200)
  lazuli.clock.forwardBy(9 * 60_000)
  assert.equal(await write('APPEND', 'x', mine), 403)
  lazuli.clock.forwardBy(2 * 60_000)
  assert.equal(await write('APPEND', 'd', mine), 200)
  assert.deepEqual(await tree(), { '/f': 'abcd' })
})

test('of many writers at once, each keeps its bytes together', async t => {
  const { admin, tree } = await openLake(t)
  const append = (body: string) =>
    admin.call('POST', '/log', 'CONCURRENTAPPEND', { extension: true, query: 'appendMode=autocreate', body })
  const none = await admin.call('POST', '/log', 'CONCURRENTAPPEND', { extension: true, body: 'x' })
  assert.deepEqual(refusalOf(none), [404, 'FileNotFoundException'])
  const lines = Array.from({ length: 20 }, (_, i) => `${String.fromCharCode(97 + i).repeat(50)}\n`)
  await Promise.all(lines.map(append))
  assert.deepEqual(((await tree())['/log'] ?? '').split(/(?<=\n)/).sort(), lines)
})

test('a file that has expired is not there, its name is free, and its bytes go', async t => {
  const { admin, lazuli, tree } = await openLake(t)
  const expire = async (path: string, query: string) =>
    (await admin.call('PUT', path, 'SETEXPIRY', { extension: true, query })).status
  for (const path of ['/a', '/b', '/c', '/d/x']) {
    await admin.call('PUT', path, 'CREATE', { query: 'write=true', body: path })
  }
  assert.equal(await expire('/a', 'expiryOption=RelativeToNow&expireTime=60000'), 200)
  assert.equal(await expire('/b', `expiryOption=Absolute&expireTime=${lazuli.clock.now() + 60_000}`), 200)
  assert.equal(await expire('/c', 'expiryOption=RelativeToCreationDate&expireTime=60000'), 200)
  assert.equal(await expire('/c', 'expiryOption=NeverExpire'), 200)
  assert.equal(await expire('/d', 'expiryOption=RelativeToNow&expireTime=60000'), 403)
  for (const bad of [
    'expiryOption=RelativeToNow',
    'expiryOption=x&expireTime=1',
    'expiryOption=Absolute&expireTime=1',
  ]) {
    assert.equal(await expire('/c', bad), 400, bad)
  }
  assert.equal(typeof status(await admin.call('GET', '/a', 'GETFILESTATUS')).msExpirationTime, 'number')
  lazuli.clock.forwardBy(61_000)
  assert.deepEqual(refusalOf(await admin.call('GET', '/a', 'GETFILESTATUS')), [404, 'FileNotFoundException'])
  assert.deepEqual(await tree(), { '/c': '/c', '/d/': '', '/d/x': '/d/x' })
  await admin.call('PUT', '/a', 'CREATE', { query: 'write=true', body: 'new' })
  assert.deepEqual((await admin.call('PUT', '/c', 'RENAME', { query: 'destination=/b' })).body, done)
  assert.deepEqual(await tree(), { '/a': 'new', '/b': '/c', '/d/': '', '/d/x': '/d/x' })
})

test('permissions, owners and times are changed and shown', async t => {
  const { admin, lazuli, someone } = await openLake(t)
  const { objectId } = await someone()
  await admin.call('PUT', '/f', 'CREATE', { query: 'write=true' })
  const change = async (op: string, query: string) => (await admin.call('PUT', '/f', op, { query })).status
  assert.equal(await change('SETPERMISSION', 'permission=1640'), 200)
  assert.equal(await change('SETOWNER', `owner=${objectId}`), 200)
  assert.equal(await change('SETTIMES', 'modificationtime=1000&accesstime=2000'), 200)
  const { owner, permission, modificationTime, accessTime } = status(await admin.call('GET', '/f', 'GETFILESTATUS'))
  assert.deepEqual([owner, permission, modificationTime, accessTime], [objectId, '1640', 1000, 2000])
  for (const [op, query] of [
    ['SETPERMISSION', ''],
    ['SETPERMISSION', 'permission=888'],
    ['SETPERMISSION', 'permission=77'],
    ['SETOWNER', ''],
    ['SETOWNER', 'owner=ann'],
    ['SETACL', 'aclspec=default:user::rwx,user::rwx,group::rwx,other::---'],
    ['SETTIMES', 'modificationtime=x'],
  ] as const) {
    assert.equal(await change(op, query), 400, `${op} ${query}`)
  }
  const user = await lazuli.principal({ kind: 'user' })
  await change('SETOWNER', `owner=${user.objectId}`)
  const named = await admin.call('GET', '/f', 'GETACLSTATUS', { query: 'tooid=false' })
  assert.equal(named.body.AclStatus.owner, user.userPrincipalName)
})

test('a firewall that is on admits the addresses of its rules, and those of machines when it says so', async t => {
  const { admin, lazuli, accountId } = await openLake(t)
  const token = await lazuli.adminToken()
  const arm = (path: string, properties: object, method = 'PUT') =>
    lazuli.request(method, `${accountId}${path}?api-version=2016-11-01`, {
      token,
      body: { location: 'westus', properties },
    })
  await arm('/firewallRules/one', { startIpAddress: '203.0.113.1', endIpAddress: '203.0.113.9' })
  const admitted = async () => {
    const found: string[] = []
    for (const address of ['203.0.113.9', '203.0.113.10', '10.0.0.4', '127.0.0.1', '::1', '::ffff:203.0.113.5']) {
      const answer = await admin.call('GET', '/', 'LISTSTATUS', { address })
      if (answer.status === 200) found.push(address)
      else assert.deepEqual(refusalOf(answer), [403, 'AccessControlException'])
    }
    return found
  }
  assert.equal((await admitted()).length, 6)
  await arm('', { firewallState: 'Enabled' }, 'PATCH')
  assert.deepEqual(await admitted(), ['203.0.113.9', '::ffff:203.0.113.5'])
  await arm('', { firewallAllowAzureIps: 'Enabled' }, 'PATCH')
  assert.deepEqual(await admitted(), ['203.0.113.9', '10.0.0.4', '::ffff:203.0.113.5'])
})

test('what is no operation is refused in words that clients understand', async t => {
  const { admin } = await openLake(t)
  for (const [method, op] of [
    ['GET', 'GETFILECHECKSUM'],
    ['PUT', 'LISTSTATUS'],
    ['GET', ''],
    ['DELETE', 'OPEN'],
  ] as const) {
    assert.deepEqual(refusalOf(await admin.call(method, '/', op)), [400, 'UnsupportedOperationException'])
  }
})

test('a large folder is listed as a whole or in pages, and each file once', async t => {
  const { admin, lazuli } = await openLake(t)
  await admin.call('PUT', '/d', 'MKDIRS')
  const { store } = lazuli.parts
  const account = await store.dataLakeAccounts.get(grant, { name: 'acct' })
  assert.ok(account)
  const root = await store.dataLakeFiles.get(grant, account, { parent: 0, name: '' }, 0)
  const folder = await store.dataLakeFiles.get(grant, account, { parent: root?.number ?? 0, name: 'd' }, 0)
  assert.ok(folder)
  const names = Array.from({ length: 450 }, (_, n) => `"${String(n).padStart(3, '0')}`)
  await store.write(async tx => {
    for (const name of names) {
      const file = { parent: folder.number, name, kind: 'FILE', acl: folder.acl } as const
      await tx.dataLakeFiles.create(grant, account, file, 0)
    }
  })
  const ask = async (query: string) => {
    const { status, headers, body } = await admin.call('GET', '/d', 'LISTSTATUS', { query })
    assert.equal(status, 200)
    const found = body.FileStatuses.FileStatus.map((file: { pathSuffix: string }) => file.pathSuffix)
    return { found, next: body.FileStatuses.continuationToken, length: headers.get('content-length') }
  }
  assert.deepEqual(await ask(''), { found: names, next: undefined, length: null })
  const listed = async (size: number) => {
    const pages: string[][] = []
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page = await ask(`listSize=${size}&listAfter=${encodeURIComponent(next)}`)
      pages.push(page.found)
      next = page.next === '' ? undefined : page.next
    }
    return pages
  }
  for (const size of [100, 150, 449, 450, 4000]) {
    const pages = await listed(size)
    assert.deepEqual(pages.flat(), names, `${size}`)
    assert.equal(pages.length, Math.ceil(450 / size), `${size}`)
  }
  assert.deepEqual((await ask('listBefore=%22002')).found, names.slice(0, 2))
  assert.deepEqual((await ask('listAfter=%22999')).found, [])
})
