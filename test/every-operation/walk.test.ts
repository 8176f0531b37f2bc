import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { systemGrant } from '../../src/server/access/grant.ts'
import type { Operation } from '../../src/server/door/operation.ts'
import type { Plane } from '../../src/server/door/plane.ts'
import { openPlanes } from '../../src/server/planes/index.ts'
import { type OpenLazuli, openLazuli } from '../../src/server/testing/open-lazuli.ts'

/**
 * Walks all registered operations, whatever they do: none runs without a token, none without a role, none with a role
 * held elsewhere, and each refusal leaves an audit row. A new operation is walked without being named here.
 */

const readAudit = systemGrant('read the audit log in a test')

const hosts: Record<string, string> = {
  arm: 'https://management.azure.com',
  authority: 'https://login.microsoftonline.com',
  graph: 'https://graph.microsoft.com',
  machine: 'https://agent.lazuli.localhost',
  'key-vault': 'https://walked.vault.azure.net',
  webhdfs: 'https://walked.azuredatalakestore.net',
  blob: 'https://walked.blob.core.windows.net',
}

async function everything(t: Parameters<typeof openLazuli>[0]) {
  let planes: readonly Plane[] = []
  const lazuli = await openLazuli(t, {
    planes: parts => {
      planes = openPlanes(parts)
      return planes
    },
  })
  await makeHosts(lazuli)
  await makeFileSystem(lazuli)
  return { lazuli, walked: planes.flatMap(plane => plane.operations.map(operation => ({ plane, operation }))) }
}

/** A vault is a host name, and so is a storage account: without one there is nothing to ask. */
async function makeHosts({ request, adminToken, subscription, directory }: OpenLazuli): Promise<void> {
  const token = await adminToken()
  const group = `${subscription}/resourceGroups/vaults`
  await request('PUT', `${group}?api-version=2022-09-01`, { token, body: { location: 'westus' } })
  const properties = { tenantId: directory.tenantId, sku: { family: 'A', name: 'standard' } }
  const made = await request('PUT', `${group}/providers/Microsoft.KeyVault/vaults/walked?api-version=2023-07-01`, {
    token,
    body: { location: 'westus', properties: { ...properties, enableRbacAuthorization: true } },
  })
  assert.equal(made.status, 201)
  const account = `${group}/providers/Microsoft.Storage/storageAccounts/walked?api-version=2022-09-01`
  const body = { location: 'westus', sku: { name: 'Standard_LRS' }, kind: 'StorageV2' }
  assert.equal((await request('PUT', account, { token, body })).status, 200)
}

/** So is a file system. */
async function makeFileSystem({ request, adminToken, subscription }: OpenLazuli): Promise<void> {
  const token = await adminToken()
  const group = `${subscription}/resourceGroups/lakes`
  const body = { location: 'westus', properties: {} }
  await request('PUT', `${group}?api-version=2022-09-01`, { token, body: { location: 'westus' } })
  const id = `${group}/providers/Microsoft.DataLakeStore/accounts/walked`
  assert.equal((await request('PUT', `${id}?api-version=2016-11-01`, { token, body })).status, 200)
}
/** The first that knows tokens and asks for one; other planes pass it over. */
const headers = { 'x-ms-version': '2021-06-08' }

/** An address that the route matches: every parameter gets a value that could be one. */
function addressOf(lazuli: OpenLazuli, plane: Plane, { route, query }: Operation): { method: string; url: string } {
  const [method = '', path = ''] = route.split(' ')
  const filled = path.replace(/:(\w+)(\*?)/g, (_, name: string, many: string) => {
    if (name === 'subscriptionId') return lazuli.directory.subscriptionId
    if (many) return `subscriptions/${lazuli.directory.subscriptionId}/resourceGroups/walked`
    return name === 'name' || name.endsWith('Id') ? '11111111-2222-4333-8444-555555555555' : 'walked'
  })
  // The name of the vault, the file system or the account is in the host's.
  const below = ['key-vault', 'webhdfs', 'blob'].includes(plane.name) ? filled.slice('/walked'.length) : filled
  return { method, url: `${hosts[plane.name]}${below}?api-version=2022-09-01${query ? `&${query}` : ''}` }
}

const audience: Record<string, string> = {
  arm: 'https://management.azure.com/',
  graph: 'https://graph.microsoft.com/',
  'key-vault': 'https://vault.azure.net',
  webhdfs: 'https://datalake.azure.net/',
  blob: 'https://storage.azure.com/',
}

test('operations that anyone may call are on the list of those that may', async t => {
  const { walked } = await everything(t)
  const open = walked
    .flatMap(({ operation }) => ('open' in operation.access ? [`${operation.route}: ${operation.access.open}`] : []))
    .sort()
  const listed = readFileSync(new URL('open-operations.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  assert.deepEqual(open, listed)
})

test('no operation but an open one answers without a token', async t => {
  const { lazuli, walked } = await everything(t)
  for (const { plane, operation } of walked) {
    if ('open' in operation.access) continue
    const { method, url } = addressOf(lazuli, plane, operation)
    const response = await lazuli.request(method, url, { headers })
    assert.equal(response.status, 401, `${method} ${url}`)
    assert.ok(response.headers.get('www-authenticate'), `${method} ${url} says how to sign in`)
  }
})

test('no operation under a role answers a caller without one, or with one held elsewhere', async t => {
  const { lazuli, walked } = await everything(t)
  const stranger = await lazuli.principal()
  const elsewhere = await lazuli.principal({ roles: [{ role: 'Owner', scope: `/subscriptions/${randomUUID()}` }] })
  let under = 0
  for (const { plane, operation } of walked) {
    if (!('verb' in operation.access)) continue
    under++
    const { method, url } = addressOf(lazuli, plane, operation)
    for (const caller of [stranger, elsewhere]) {
      const token = await caller.tokenFor(audience[plane.name] ?? '')
      const response = await lazuli.request(method, url, {
        token,
        headers,
        ...(method === 'GET' || method === 'HEAD' ? {} : { body: {} }),
      })
      assert.equal(response.status, 403, `${method} ${url}`)
      await lazuli.store.flush()
      const [row] = await lazuli.store.audit.list(readAudit, {
        below: '/',
        changesOnly: false,
        from: 0,
        to: Date.now() + 1000,
        limit: 1,
      })
      assert.deepEqual(
        { operation: row?.operation, caller: row?.caller, outcome: row?.outcome, status: row?.status },
        { operation: operation.name, caller: caller.objectId, outcome: 'Denied', status: 403 },
        `${method} ${url}`,
      )
    }
  }
  assert.ok(under > 20, `only ${under} operations are under a role`)
})

test('a token for another service opens nothing', async t => {
  const { lazuli, walked } = await everything(t)
  const forStorage = await lazuli.adminToken('https://storage.azure.com')
  const forVaults = await lazuli.adminToken('https://vault.azure.net')
  for (const { plane, operation } of walked) {
    if ('open' in operation.access) continue
    const { method, url } = addressOf(lazuli, plane, operation)
    const token = plane.name === 'blob' ? forVaults : forStorage
    assert.equal((await lazuli.request(method, url, { token, headers })).status, 401, `${method} ${url}`)
  }
})

test('what a plane does not have is told to nobody without a token', async t => {
  const { lazuli } = await everything(t)
  // Microsoft Graph calls an unknown segment a bad request.
  for (const [plane, refusal] of [
    ['arm', 404],
    ['graph', 400],
  ] as const) {
    const url = `${hosts[plane]}/no/such/thing?api-version=2022-09-01`
    assert.equal((await lazuli.request('GET', url)).status, 401)
    const signedIn = await lazuli.request('GET', url, { token: await lazuli.adminToken(audience[plane]) })
    assert.equal(signedIn.status, refusal)
  }
})
