/** Every operation of a vault with everybody who may not, and with whoever just may. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '../../door/operation.ts'
import { keyVaultPlane } from './plane.ts'
import { openVault, vaultAudience } from './testing-vault.ts'

type Vault = Awaited<ReturnType<typeof openVault>>

/** What Azure calls the right to each operation: in access policies, and in roles below `Microsoft.KeyVault/vaults/`. */
const rights: Readonly<Record<string, readonly [permission: string, action: string]>> = {
  'GET /secrets': ['secrets/list', 'secrets/readMetadata/action'],
  'GET /secrets/:name': ['secrets/get', 'secrets/getSecret/action'],
  'GET /secrets/:name/:version': ['secrets/get', 'secrets/getSecret/action'],
  'GET /secrets/:name/versions': ['secrets/list', 'secrets/readMetadata/action'],
  'PUT /secrets/:name': ['secrets/set', 'secrets/setSecret/action'],
  'PATCH /secrets/:name/:version': ['secrets/set', 'secrets/update/action'],
  'DELETE /secrets/:name': ['secrets/delete', 'secrets/delete'],
  'GET /deletedsecrets': ['secrets/list', 'secrets/readMetadata/action'],
  'POST /deletedsecrets/:name/recover': ['secrets/recover', 'secrets/recover/action'],
  'DELETE /deletedsecrets/:name': ['secrets/purge', 'secrets/purge/action'],
  'POST /secrets/:name/backup': ['secrets/backup', 'secrets/backup/action'],
  'POST /secrets/restore': ['secrets/restore', 'secrets/restore/action'],
  'GET /keys': ['keys/list', 'keys/read'],
  'GET /keys/:name': ['keys/get', 'keys/read'],
  'GET /keys/:name/:version': ['keys/get', 'keys/read'],
  'GET /keys/:name/versions': ['keys/list', 'keys/read'],
  'POST /keys/:name/create': ['keys/create', 'keys/create/action'],
  'PUT /keys/:name': ['keys/import', 'keys/import/action'],
  'PATCH /keys/:name/:version': ['keys/update', 'keys/update/action'],
  'DELETE /keys/:name': ['keys/delete', 'keys/delete'],
  'GET /deletedkeys': ['keys/list', 'keys/read'],
  'GET /deletedkeys/:name': ['keys/get', 'keys/read'],
  'POST /deletedkeys/:name/recover': ['keys/recover', 'keys/recover/action'],
  'DELETE /deletedkeys/:name': ['keys/purge', 'keys/purge/action'],
  'POST /keys/:name/backup': ['keys/backup', 'keys/backup/action'],
  'POST /keys/restore': ['keys/restore', 'keys/restore/action'],
  'POST /keys/:name/:version/encrypt': ['keys/encrypt', 'keys/encrypt/action'],
  'POST /keys/:name/:version/decrypt': ['keys/decrypt', 'keys/decrypt/action'],
  'POST /keys/:name/:version/wrapkey': ['keys/wrapKey', 'keys/wrap/action'],
  'POST /keys/:name/:version/unwrapkey': ['keys/unwrapKey', 'keys/unwrap/action'],
  'POST /keys/:name/:version/sign': ['keys/sign', 'keys/sign/action'],
  'POST /keys/:name/:version/verify': ['keys/verify', 'keys/verify/action'],
  'POST /keys/:name/:version/release': ['keys/release', 'keys/release/action'],
  'POST /keys/:name/rotate': ['keys/rotate', 'keys/rotate/action'],
  'GET /keys/:name/rotationpolicy': ['keys/getrotationpolicy', 'keyrotationpolicies/read'],
  'PUT /keys/:name/rotationpolicy': ['keys/setrotationpolicy', 'keyrotationpolicies/write'],
}

type Walked = { readonly route: string; readonly permission: string; readonly action: string }

function walked(vault: Vault): Walked[] {
  return keyVaultPlane(vault.parts).operations.map(({ route, access }: Operation) => {
    if (!('permission' in access) || typeof access.action !== 'string') throw new Error(`${route} asks for no right`)
    const [method, path = ''] = route.split(' ')
    return {
      route: `${method} ${path.slice('/:vault'.length)}`,
      permission: access.permission ?? '',
      action: access.action.slice('Microsoft.KeyVault/vaults/'.length),
    }
  })
}

/** Asks for something that is not there: who may hears so, or that something is missing from the request. */
async function statusOf({ ask }: Vault, { route }: Walked, token: string | undefined, name = 'nothing') {
  const [method = '', path = ''] = route.split(' ')
  const version = '0'.repeat(32)
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
  const address = path.replace(':name', name).replace(/:\w+/, version)
  const { status, body: answer } = await ask(method, address, { ...body, token })
  const inner = (answer as { error?: { innererror?: { code?: string } } } | undefined)?.error?.innererror?.code
  return inner === undefined ? status : `${status} ${inner}`
}

const refused = (status: number | string) => String(status).startsWith('401') || String(status).includes('ForbiddenBy')

test('each operation asks for the right that Azure asks for', async t => {
  const operations = new Map(walked(await openVault(t)).map(one => [one.route, [one.permission, one.action]]))
  const declared = Object.fromEntries(Object.keys(rights).map(route => [route, operations.get(route)]))
  assert.deepEqual(declared, rights)
})

test('nobody gets in without a token, with one for something else, or with a role for the resource alone', async t => {
  const vault = await openVault(t)
  const owner = await vault.principal({ roles: [{ role: 'Owner', scope: vault.vaultId }], audience: vaultAudience })
  const contributor = await vault.principal({
    roles: [{ role: 'Key Vault Contributor', scope: vault.vaultId }],
    audience: vaultAudience,
  })
  for (const one of walked(vault)) {
    assert.equal(await statusOf(vault, one, undefined), 401, one.route)
    assert.equal(await statusOf(vault, one, vault.armToken), 401, one.route)
    for (const { token } of [owner, contributor])
      assert.equal(await statusOf(vault, one, token), '403 ForbiddenByRbac', one.route)
  }
})

test('a role lets its holder do what it names, and nothing else', async t => {
  const vault = await openVault(t)
  const mayBy: Readonly<Record<string, (action: string) => boolean>> = {
    'Key Vault Administrator': () => true,
    'Key Vault Reader': action => action.endsWith('/read') || action === 'secrets/readMetadata/action',
    'Key Vault Secrets User': action => ['secrets/getSecret/action', 'secrets/readMetadata/action'].includes(action),
    'Key Vault Secrets Officer': action => action.startsWith('secrets/'),
    'Key Vault Crypto Officer': action => /^(keys|keyrotationpolicies)\//.test(action),
    'Key Vault Crypto User': action =>
      /^keys\/(read|(update|backup|encrypt|decrypt|wrap|unwrap|sign|verify)\/action)$/.test(action),
    'Key Vault Crypto Service Encryption User': action => /^keys\/(read|(wrap|unwrap)\/action)$/.test(action),
  }
  for (const [role, may] of Object.entries(mayBy)) {
    const { token } = await vault.principal({ roles: [{ role, scope: vault.vaultId }], audience: vaultAudience })
    for (const one of walked(vault)) {
      const status = await statusOf(vault, one, token)
      assert.equal(!refused(status), may(one.action), `${role}: ${one.route} is answered ${status}`)
    }
  }
})

test('a role held at one object reaches that object and no other', async t => {
  const vault = await openVault(t)
  for (const kind of ['secrets', 'keys']) {
    const scope = `${vault.vaultId}/${kind}/mine`
    const roles = [{ role: 'Key Vault Administrator', scope }]
    const { token } = await vault.principal({ roles, audience: vaultAudience })
    for (const one of walked(vault)) {
      const isThere = new RegExp(`^\\w+ /(deleted)?${kind}/:name`).test(one.route)
      for (const [name, may] of [
        ['MINE', isThere],
        ['mine2', false],
        ['other', false],
      ] as const) {
        const status = await statusOf(vault, one, token, name)
        assert.equal(!refused(status), may, `${kind}/mine: ${one.route} of ${name} is answered ${status}`)
      }
    }
  }
})

test('an access policy lets its holder do what it names, in its own vault, and nothing else', async t => {
  const vault = await openVault(t, { properties: { enableRbacAuthorization: false } })
  const other = `${vault.group}/providers/Microsoft.KeyVault/vaults/elsewhere`
  const operations = walked(vault)
  const permissions = [...new Set(operations.map(({ permission }) => permission))]
  const { tenantId } = vault.directory
  const asPolicy = (objectId: string, granted: readonly string[]) => {
    const of = (kind: string) => granted.filter(one => one.startsWith(`${kind}/`)).map(one => one.split('/')[1])
    return {
      tenantId,
      objectId,
      permissions: { keys: of('keys'), secrets: of('secrets'), certificates: of('certificates') },
    }
  }
  const somebody = () => vault.principal({ audience: vaultAudience })
  const [nobody, stranger] = [await somebody(), await somebody()]
  const only = new Map<string, string>()
  const allBut = new Map<string, string>()
  const policies: object[] = []
  for (const permission of permissions) {
    const [one, rest] = [await somebody(), await somebody()]
    only.set(permission, one.token)
    allBut.set(permission, rest.token)
    policies.push(asPolicy(one.objectId, [permission]))
    const others = permissions.filter(other => other !== permission)
    policies.push(asPolicy(rest.objectId, others))
  }
  const put = async (id: string, properties: object) => {
    const { status } = await vault.request('PUT', `${id}?api-version=2023-07-01`, {
      token: vault.armToken,
      body: { location: 'westus', properties: { tenantId, sku: { family: 'A', name: 'standard' }, ...properties } },
    })
    assert.ok(status < 300)
  }
  await put(vault.vaultId, { accessPolicies: policies })
  await put(other, { accessPolicies: [asPolicy(stranger.objectId, permissions)] })

  for (const one of operations) {
    const is = async (token: string | undefined) => refused(await statusOf(vault, one, token))
    const { route, permission } = one
    assert.deepEqual(
      {
        route,
        only: await is(only.get(permission)),
        allBut: await is(allBut.get(permission)),
        nobody: await is(nobody.token),
        stranger: await is(stranger.token),
        byRole: await is(vault.keeper.token),
      },
      { route, only: false, allBut: true, nobody: true, stranger: true, byRole: true },
    )
  }
})
