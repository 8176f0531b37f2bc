import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../../access/grant.ts'
import type { FileAcl } from '../../store/data-lake-files.ts'
import { bitsOf } from './acl-spec.ts'
import { type Client, type Lake, openLake, refusalOf, type Wish } from './testing-lake.ts'

/**
 * Each operation against callers who lack something: who has no token or one for another service is told so; who lacks
 * a permission hears the same whether the file exists or not, and nothing changes.
 */

const arrange = systemGrant('arrange a test')

/** Permissions of the caller on the root, the folder and what is in it. */
const states = {
  'no ACL': ['---', '---', '---'],
  'r only': ['--x', 'r-x', 'r--'],
  'w only': ['--x', '-wx', '-w-'],
  'x missing on the root': ['---', 'rwx', 'rwx'],
  'x missing on the folder': ['--x', 'rw-', 'rwx'],
  'everything but ownership': ['--x', 'rwx', 'rwx'],
} as const
type State = keyof typeof states | 'owner of the file' | 'super-user'

const passing: readonly State[] = ['everything but ownership', 'super-user']
const reading: readonly State[] = ['r only', ...passing]
const writing: readonly State[] = ['w only', ...passing]
const coming: readonly State[] = ['r only', 'w only', 'owner of the file', ...passing]
const owning: readonly State[] = ['owner of the file', 'super-user']

type Case = {
  readonly method: string
  readonly op: string
  readonly path?: string
  readonly wish?: Wish
  may: readonly State[]
}
const query = (text: string): { wish: Wish } => ({ wish: { query: text } })

/** Paths begin in the folder; `f` and `g` are files in it, `s` a folder with a file. */
const cases: readonly Case[] = [
  { method: 'GET', op: 'LISTSTATUS', path: '', may: reading },
  { method: 'GET', op: 'GETFILESTATUS', may: coming },
  { method: 'GET', op: 'GETCONTENTSUMMARY', path: '/s', may: reading },
  { method: 'GET', op: 'OPEN', may: [...reading, 'owner of the file'] },
  { method: 'GET', op: 'OPEN', ...query('read=true'), may: [...reading, 'owner of the file'] },
  { method: 'GET', op: 'GETACLSTATUS', may: coming },
  { method: 'GET', op: 'CHECKACCESS', ...query('fsaction=r--'), may: [...reading, 'owner of the file'] },
  { method: 'PUT', op: 'CREATE', path: '/new', may: writing },
  { method: 'PUT', op: 'CREATE', path: '/new', ...query('write=true'), may: writing },
  { method: 'PUT', op: 'CREATE', ...query('write=true&overwrite=true'), may: [...writing, 'owner of the file'] },
  { method: 'POST', op: 'APPEND', may: [...writing, 'owner of the file'] },
  { method: 'POST', op: 'APPEND', wish: { query: 'append=true', body: 'x' }, may: [...writing, 'owner of the file'] },
  {
    method: 'POST',
    op: 'CONCURRENTAPPEND',
    wish: { extension: true, body: 'x' },
    may: [...writing, 'owner of the file'],
  },
  { method: 'POST', op: 'CONCAT', ...query('sources=<folder>/g'), may: passing },
  { method: 'POST', op: 'MSCONCAT', wish: { body: '{"sources":["<folder>/g"]}' }, may: passing },
  { method: 'PUT', op: 'MKDIRS', path: '/new/newer', may: writing },
  { method: 'PUT', op: 'RENAME', ...query('destination=<folder>/h'), may: writing },
  { method: 'DELETE', op: 'DELETE', may: writing },
  { method: 'DELETE', op: 'DELETE', path: '/s', ...query('recursive=true'), may: passing },
  { method: 'PUT', op: 'SETPERMISSION', ...query('permission=777'), may: owning },
  { method: 'PUT', op: 'SETACL', ...query('aclspec=user::rwx,group::rwx,other::rwx'), may: owning },
  { method: 'PUT', op: 'MODIFYACLENTRIES', ...query('aclspec=other::rwx'), may: owning },
  { method: 'PUT', op: 'REMOVEACLENTRIES', ...query('aclspec=user:11111111-1111-1111-1111-111111111111'), may: owning },
  { method: 'PUT', op: 'REMOVEACL', may: owning },
  { method: 'PUT', op: 'REMOVEDEFAULTACL', may: owning },
  { method: 'PUT', op: 'SETOWNER', ...query('owner=11111111-1111-1111-1111-111111111111'), may: ['super-user'] },
  { method: 'PUT', op: 'SETTIMES', ...query('modificationtime=1'), may: [...writing, 'owner of the file'] },
  {
    ...{ method: 'PUT', op: 'SETEXPIRY', may: [...writing, 'owner of the file'] },
    wish: { extension: true, query: 'expiryOption=RelativeToNow&expireTime=100000' },
  },
]

/** A folder of its own for each case, all in one commit. Returns the states as they are reached by callers. */
async function plant(lake: Lake, callers: ReadonlyMap<State, Client>): Promise<(at: number, state: State) => string> {
  const account = await lake.lazuli.store.dataLakeAccounts.get(arrange, { name: 'acct' })
  assert.ok(account)
  const folderName = (at: number, state: State) => `${at} ${state}`
  await lake.lazuli.store.write(async tx => {
    const files = tx.dataLakeFiles
    const root = await files.get(arrange, account, { parent: 0, name: '' }, 1)
    assert.ok(root)
    const acl = (owner: string, entries: readonly (readonly [State, string])[]): FileAcl => ({
      ...{ owner, group: root.acl.group, sticky: false },
      access: {
        ...{ user: 7, group: 0, other: 0, mask: 7 },
        named: entries.map(([state, text]) => ({
          ...{ kind: 'user' as const, id: callers.get(state)?.objectId ?? '', bits: bitsOf(text) },
        })),
      },
    })
    const rootEntries = Object.entries(states).map(([state, [text]]) => [state as State, text] as const)
    const forAll = [...rootEntries, ['owner of the file', '--x'] as const]
    await files.update(arrange, account, { ...root, acl: acl(root.acl.owner, forAll) })
    for (const at of cases.keys()) {
      for (const [state, caller] of callers) {
        const [, onFolder, onFile] = state in states ? states[state as keyof typeof states] : ['', '--x', '---']
        const make = async (parent: number, name: string, kind: 'FILE' | 'DIRECTORY', text: string, owner: string) =>
          files.create(arrange, account, { parent, name, kind, acl: acl(owner, [[state, text]]) }, 1)
        const owner = state === 'owner of the file' ? caller.objectId : root.acl.owner
        const folder = await make(root.number, folderName(at, state), 'DIRECTORY', onFolder, root.acl.owner)
        await make(folder.number, 'f', 'FILE', onFile, owner)
        await make(folder.number, 'g', 'FILE', onFile, root.acl.owner)
        const inner = await make(folder.number, 's', 'DIRECTORY', onFolder, root.acl.owner)
        await make(inner.number, 'x', 'FILE', onFile, root.acl.owner)
      }
    }
  })
  return (at, state) => `/${folderName(at, state)}`
}

const inFolder = ({ query = '', body, ...rest }: Wish, folder: string): Wish => ({
  ...rest,
  query: query.replace('<folder>', encodeURIComponent(folder)),
  ...(typeof body === 'string' ? { body: body.replace('<folder>', folder) } : {}),
})

test('each operation asks for exactly the permissions that it needs', async t => {
  const lake = await openLake(t)
  const callers = new Map<State, Client>([['super-user', lake.admin]])
  for (const state of [...Object.keys(states), 'owner of the file'] as State[]) callers.set(state, await lake.someone())
  const folderOf = await plant(lake, callers)
  const wrong = []
  for (const [at, { method, op, path = '/f', wish = {}, may }] of cases.entries()) {
    for (const [state, caller] of callers) {
      const folder = folderOf(at, state)
      const before = await lake.admin.call('GET', folder, 'GETCONTENTSUMMARY')
      const answer = await caller.call(method, encodeURI(folder) + path, op, inFolder(wish, folder))
      const isIn = answer.status < 400
      if (isIn !== may.includes(state))
        wrong.push(`${method} ${op} ${path} by ${state}: ${answer.status} ${answer.text}`)
      if (isIn) continue
      assert.deepEqual(refusalOf(answer), [403, 'AccessControlException'])
      const after = await lake.admin.call('GET', folder, 'GETCONTENTSUMMARY')
      assert.deepEqual(after.body, before.body, `${op} by ${state} changed something`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('who has no token, or one for another service, is asked to sign in', async t => {
  const lake = await openLake(t)
  const others = [
    'https://management.azure.com/',
    'https://management.core.windows.net/',
    'https://storage.azure.com/',
    'https://vault.azure.net',
  ]
  const tokens = [undefined, 'nonsense', ...(await Promise.all(others.map(one => lake.lazuli.adminToken(one))))]
  for (const token of tokens) {
    const caller = lake.withToken(token)
    for (const { method, op, path = '/f', wish = {} } of cases) {
      const answer = await caller.call(method, path, op, wish)
      assert.deepEqual(refusalOf(answer), [401, 'SecurityException'], op)
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer authorization_uri="https:/)
    }
  }
  assert.deepEqual(await lake.tree(), {})
})

test('behind a closed door, what exists and what does not look the same', async t => {
  const lake = await openLake(t)
  await lake.admin.call('PUT', '/closed/there', 'MKDIRS')
  const stranger = await lake.someone()
  const [there, not] = await Promise.all(
    ['there', 'not'].map(name => stranger.call('GET', `/closed/${name}`, 'GETFILESTATUS')),
  )
  const plain = (text = '') => text.replace(/\[.*/, '')
  assert.deepEqual([there?.status, not?.status], [403, 403])
  assert.equal(plain(there?.text), plain(not?.text))
  assert.equal(
    plain(there?.body.RemoteException.message),
    'GETFILESTATUS failed with error 0x83090aa2 (Forbidden. ACL verification failed. Either the resource does not exist or the user is not authorized to perform the requested operation.). ',
  )
})

test('a role that does not make an owner opens no file', async t => {
  const lake = await openLake(t)
  for (const role of ['Contributor', 'Reader', 'Storage Blob Data Owner']) {
    const one = await lake.lazuli.principal({ roles: [{ role, scope: lake.accountId }] })
    const caller = lake.withToken(await one.tokenFor('https://datalake.azure.net/'))
    assert.equal((await caller.call('GET', '/', 'LISTSTATUS')).status, 403, role)
  }
  for (const scope of [lake.accountId, lake.lazuli.subscription]) {
    const one = await lake.lazuli.principal({ roles: [{ role: 'Owner', scope }] })
    const caller = lake.withToken(await one.tokenFor('https://datalake.azure.net'))
    assert.equal((await caller.call('GET', '/', 'LISTSTATUS')).status, 200, scope)
  }
})
