import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../access/testing-random.ts'
import { sweepExtents } from '../../extents/sweep.ts'
import { openLake } from './testing-lake.ts'

/** Always the same requests; another seed makes others. */
const seed = 20_171_015
const requests = 1_000

const names = [
  'a',
  'b',
  'c.txt',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
  '%',
  '%ff',
  '%20',
  'ä',
  '%ED%A0%80',
  '🌊',
  '\\',
  ';',
  '',
]
const texts = [
  ...names,
  '-1',
  '0',
  '1',
  '1e9',
  '9'.repeat(30),
  'true',
  'True',
  'x'.repeat(300),
  '/a',
  '/b/c.txt',
  '777',
  '1777',
]
const specs = [
  'user::rwx',
  'user:a:r-x',
  'default:user:a:rwx',
  'mask::---',
  'other::---',
  'group::r--',
  ':::',
  ',',
  'user:*:rwx',
]
const operations = Object.entries({
  GET: 'LISTSTATUS GETFILESTATUS GETCONTENTSUMMARY OPEN&read=true OPEN GETACLSTATUS CHECKACCESS NONE',
  PUT: 'CREATE CREATE&write=true MKDIRS RENAME SETPERMISSION SETOWNER SETTIMES SETEXPIRY SETACL MODIFYACLENTRIES',
  POST: 'APPEND APPEND&append=true CONCURRENTAPPEND CONCAT MSCONCAT',
  DELETE: 'DELETE DELETE&recursive=true %00',
}).flatMap(([method, all]) => all.split(' ').map(op => ({ method, op })))
const parameters = [
  ...[
    'write=true',
    'append=true',
    'read=true',
    'recursive=true',
    'overwrite=true',
    'offset=',
    'length=',
    'permission=',
  ],
  ...[
    'destination=',
    'sources=',
    'listSize=',
    'listAfter=',
    'leaseid=',
    'syncFlag=DATA',
    'fsaction=',
    'owner=',
    'group=',
  ],
  ...[
    'modificationtime=',
    'accesstime=',
    'expiryOption=',
    'expireTime=',
    'createParent=',
    'tooid=',
    'appendMode=autocreate',
  ],
  ...['deleteSourceDirectory=true', 'renameoptions=OVERWRITE', 'op=DELETE', '&&', '='],
]
const bodies = [
  '',
  'x',
  '{"sources":["/a"]}',
  '{"sources":["/b/../a"]}',
  '{"sources":{}}',
  'sources=/a,/b',
  '{',
  'null',
  '[]',
]

test('whatever is asked in whatever way, the answer is never that something broke', async t => {
  const { admin, someone } = await openLake(t)
  const stranger = await someone()
  const random = seededRandom(seed)
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: Math.floor(random() * (most + 1)) }, make)
  const parameter = () => {
    const text = one(parameters)
    if (text === 'sources=') return `aclspec=${encodeURIComponent(some(4, () => one(specs)).join(','))}`
    return text.endsWith('=') ? text + (random() < 0.5 ? encodeURIComponent(one(texts)) : one(texts)) : text
  }
  const seen = new Map<number, number>()
  for (let i = 0; i < requests; i++) {
    const { method: usual, op } = one(operations)
    const method = random() < 0.9 ? usual : one(['GET', 'PUT', 'POST', 'DELETE'])
    const path = `/${some(4, () => one(names)).join('/')}`
    const wish = {
      query: some(4, parameter).join('&'),
      ...(method === 'GET' ? {} : { body: one(bodies) }),
      ...(random() < 0.2 ? { extension: true as const } : {}),
    }
    const caller = random() < 0.8 ? admin : stranger
    const answer = await caller.call(method, path, op, wish)
    const what = `request ${i}: ${method} ${path} ${op} ${JSON.stringify(wish)} ${answer.status} ${answer.text}`
    assert.ok(answer.status < 500, what)
    if (answer.status >= 400) assert.ok(answer.body?.RemoteException?.message, what)
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
  }
  assert.deepEqual(
    [200, 201, 307, 400, 403, 404].filter(status => !seen.has(status)),
    [],
    'every kind of answer was among them',
  )
  assert.equal((await admin.call('GET', '/', 'LISTSTATUS')).status, 200)
})

test('bytes of what is deleted, replaced or joined do not stay, and those of what is there do', async t => {
  const { admin, lazuli, tree } = await openLake(t)
  const large = 'x'.repeat(20_000)
  for (const path of ['/a', '/b', '/c', '/d/e', '/f']) {
    await admin.call('PUT', path, 'CREATE', { query: 'write=true', body: large + path })
  }
  await admin.call('PUT', '/a', 'CREATE', { query: 'write=true&overwrite=true', body: 'small' })
  await admin.call('POST', '/a', 'MSCONCAT', { body: '{"sources":["/b"]}' })
  await admin.call('DELETE', '/d', 'DELETE', { query: 'recursive=true' })
  await admin.call('PUT', '/f', 'RENAME', { query: 'destination=/c&renameoptions=OVERWRITE' })
  const refused = { query: 'write=true', body: large }
  assert.equal((await admin.call('PUT', '/c', 'CREATE', refused)).status, 403)

  assert.equal(await sweepExtents(lazuli.parts, 0), 3, 'those of a, of d/e, and of the old c')
  assert.equal(await sweepExtents(lazuli.parts, 0), 0)
  assert.deepEqual(await tree(), { '/a': `small${large}/b`, '/c': `${large}/f` })
})
