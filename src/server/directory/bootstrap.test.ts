import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { openStore, type Store } from '../store/open.ts'
import { openDirectory, readAdministrator } from './bootstrap.ts'
import { passwordFits, secretFits } from './credentials.ts'

const look = systemGrant('look at what a first start made')
const clock = { now: Date.now }

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-directory-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function openIn(directory: string): Promise<Store> {
  return openStore({ directory, masterKeyFile: join(directory, 'master.key'), clock, onAuditFailure: assert.ifError })
}

test('a first start makes tenant, subscription and an administrator who is Owner of everything, twice', async t => {
  const folder = await temporaryFolder(t)
  const store = await openIn(folder)
  t.after(() => store.close())
  const config = { directory: folder }
  const { tenantId, tenantDomain, subscriptionId } = await openDirectory({ store, clock, config, cost: 4 })

  const subscription = await store.resources.get(look, resourceId(`/subscriptions/${subscriptionId}`))
  assert.deepEqual(subscription?.body, { properties: { displayName: 'Lazuli', state: 'Enabled', tenantId } })

  const administrator = await readAdministrator(config)
  assert.ok(administrator)
  assert.equal((await stat(join(folder, 'admin.json'))).mode & 0o777, 0o600)
  assert.equal(administrator.username, `admin@${tenantDomain}`)
  const user = await store.principals.get(look, { userPrincipalName: administrator.username.toUpperCase() })
  const program = await store.principals.get(look, { clientId: administrator.clientId })
  assert.ok(user && program?.applicationObjectId)
  const [password] = await store.principals.credentials(look, user.objectId)
  assert.equal(await passwordFits(password?.verifier ?? '', administrator.password), true)
  const [secret] = await store.principals.credentials(look, program.applicationObjectId)
  assert.equal(secretFits(secret?.verifier ?? '', administrator.clientSecret), true)

  const roles = await store.roles.assignments(look, { below: '/' })
  assert.deepEqual(
    roles
      .map(({ principalId, principalType, scope, roleDefinitionId }) => ({
        principalId,
        principalType,
        scope,
        roleDefinitionId,
      }))
      .sort((a, b) => a.principalType.localeCompare(b.principalType)),
    [
      [program.objectId, 'ServicePrincipal'],
      [user.objectId, 'User'],
    ].map(([principalId, principalType]) => ({
      principalId,
      principalType,
      scope: '/',
      roleDefinitionId: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
    })),
  )
})

test('a later start reads back what the first one made and leaves the file alone', async t => {
  const folder = await temporaryFolder(t)
  const config = { directory: folder }
  const first = await openIn(folder)
  const made = await openDirectory({ store: first, clock, config, cost: 4 })
  const file = await readFile(join(folder, 'admin.json'), 'utf8')
  await first.close()

  const second = await openIn(folder)
  t.after(() => second.close())
  assert.deepEqual(await openDirectory({ store: second, clock, config, cost: 4 }), made)
  assert.equal(await readFile(join(folder, 'admin.json'), 'utf8'), file)
})

test('whoever dies before the commit starts over: the file then has the secrets that count', async t => {
  const folder = await temporaryFolder(t)
  const config = { directory: folder }
  const store = await openIn(folder)
  t.after(() => store.close())
  const dying: Store = { ...store, write: () => Promise.reject(new Error('killed')) }
  await assert.rejects(openDirectory({ store: dying, clock, config, cost: 4 }), /killed/)
  const lost = await readAdministrator(config)
  assert.ok(lost)

  const made = await openDirectory({ store, clock, config, cost: 4 })
  const administrator = await readAdministrator(config)
  assert.equal(administrator?.tenantId, made.tenantId)
  assert.notEqual(administrator?.clientSecret, lost.clientSecret)
  assert.equal((await store.principals.list(look, ['user', 'application'])).length, 2)
})

test('nothing in the database gives the secrets away', async t => {
  const folder = await temporaryFolder(t)
  const store = await openIn(folder)
  await openDirectory({ store, clock, config: { directory: folder }, cost: 4 })
  const administrator = await readAdministrator({ directory: folder })
  await store.close()
  const database = await readFile(join(folder, 'lazuli.sqlite'))
  assert.ok(database.includes(administrator?.clientId ?? ''))
  assert.equal(database.includes(administrator?.clientSecret ?? ''), false)
  assert.equal(database.includes(administrator?.password ?? ''), false)
})
