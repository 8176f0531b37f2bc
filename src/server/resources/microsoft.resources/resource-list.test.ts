import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { openLazuli } from '../../testing/open-lazuli.ts'

const arrange = systemGrant('arrange a test')
const version = 'api-version=2021-04-01'

type Row = { id: string; name: string }

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const groups = `${lazuli.subscription}/resourceGroups`
  const vault = `${groups}/one/providers/Microsoft.KeyVault/vaults/kv1`
  const disk = `${groups}/one/providers/Microsoft.Compute/disks/web-disk`
  const address = `${groups}/two/providers/Microsoft.Network/publicIPAddresses/web-ip`
  await lazuli.store.write(async tx => {
    for (const group of ['one', 'two'])
      await tx.resources.put(arrange, resourceId(`${groups}/${group}`), { location: 'westus', properties: {} })
    await tx.resources.put(arrange, resourceId(vault), { location: 'westus', tags: { env: 'test' }, properties: {} })
    await tx.resources.put(arrange, resourceId(disk), {
      location: 'eastus',
      sku: { name: 'Standard' },
      secretOfOurs: 'not shown',
      properties: { provisioningState: 'Creating' },
    })
    await tx.resources.put(arrange, resourceId(address), { location: 'westus', properties: {} })
    await tx.resources.put(arrange, resourceId(`${vault}/secrets/untracked`), { properties: {} })
  })
  const list = async (token: string, query = '', scope = lazuli.subscription) =>
    lazuli.request('GET', `${scope}/resources?${version}${query}`, { token })
  const names = async (token: string, query = '', scope = lazuli.subscription) => {
    const response = await list(token, query, scope)
    assert.equal(response.status, 200)
    return ((await response.json()) as { value: Row[] }).value.map(({ name }) => name)
  }
  return { lazuli, groups, vault, disk, address, list, names, token: await lazuli.adminToken() }
}

test('resources of a subscription, and of one group, are listed without what has no place of its own', async t => {
  const { token, list, names, vault, disk, groups } = await open(t)
  assert.deepEqual(await names(token), ['web-disk', 'kv1', 'web-ip'])
  assert.deepEqual(await (await list(token, '', `${groups}/one`)).json(), {
    value: [
      { id: disk, name: 'web-disk', type: 'Microsoft.Compute/disks', location: 'eastus', sku: { name: 'Standard' } },
      { id: vault, name: 'kv1', type: 'Microsoft.KeyVault/vaults', location: 'westus', tags: { env: 'test' } },
    ],
  })
})

test('$expand adds when a resource was made and changed, and its state', async t => {
  const { token, list, lazuli, disk } = await open(t)
  const row = await lazuli.store.resources.get(arrange, resourceId(disk))
  const at = new Date(row?.createdAt ?? 0).toISOString()
  const query = `&$filter=${encodeURIComponent("name eq 'web-disk'")}&$expand=createdTime,changedTime,provisioningState`
  assert.deepEqual(await (await list(token, query)).json(), {
    value: [
      {
        id: disk,
        name: 'web-disk',
        type: 'Microsoft.Compute/disks',
        location: 'eastus',
        sku: { name: 'Standard' },
        createdTime: at,
        changedTime: at,
        provisioningState: 'Creating',
      },
    ],
  })
})

for (const [filter, expected] of [
  ["resourceType eq 'microsoft.keyvault/vaults'", ['kv1']],
  ["resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'kv1'", ['kv1']],
  ["resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'kv2'", []],
  ["resourceType ne 'Microsoft.KeyVault/vaults'", ['web-disk', 'web-ip']],
  ["location eq 'westus'", ['kv1', 'web-ip']],
  ["resourceGroup eq 'two'", ['web-ip']],
  ["tagName eq 'env' and tagValue eq 'test'", ['kv1']],
  ["substringof('web', name)", ['web-disk', 'web-ip']],
  ["name eq 'kv1' or name eq 'web-ip'", ['kv1', 'web-ip']],
] as const) {
  test(`the filter ${filter} lets pass ${expected.join(', ') || 'nothing'}`, async t => {
    const { token, names } = await open(t)
    assert.deepEqual(await names(token, `&$filter=${encodeURIComponent(filter)}`), expected)
  })
}

for (const filter of [
  "size eq '1'",
  "constructor eq '1'",
  "tagName ne 'env'",
  "substringof('a', size)",
  "substringof('a', __proto__)",
  "endswith(name, 'a')",
  'name',
]) {
  test(`the filter ${filter} is refused`, async t => {
    const { token, list } = await open(t)
    const response = await list(token, `&$filter=${encodeURIComponent(filter)}`)
    assert.equal(response.status, 400)
    assert.deepEqual(await response.json(), {
      error: {
        code: 'InvalidFilterInQueryString',
        message: `Invalid $filter '${filter}' specified in the query string.`,
      },
    })
  })
}

test('pages end where the list does, also when the caller may read little of it', async t => {
  const { lazuli, list, address, groups } = await open(t)
  await lazuli.store.write(async tx => {
    for (let n = 0; n < 450; n++) {
      const id = resourceId(`${groups}/one/providers/Microsoft.Compute/disks/d${String(n).padStart(3, '0')}`)
      await tx.resources.put(arrange, id, { location: 'westus', properties: {} })
    }
  })
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: address }] })
  assert.deepEqual(await (await list(reader.token)).json(), {
    value: [{ id: address, name: 'web-ip', type: 'Microsoft.Network/publicIPAddresses', location: 'westus' }],
  })

  const admin = await lazuli.adminToken()
  const sizes: number[] = []
  const seen = new Set<string>()
  for (let url: string | undefined = `${lazuli.subscription}/resources?${version}`; url !== undefined; ) {
    const page = (await (await lazuli.request('GET', url, { token: admin })).json()) as {
      value: Row[]
      nextLink?: string
    }
    sizes.push(page.value.length)
    for (const { id } of page.value) seen.add(id)
    url = page.nextLink
  }
  assert.deepEqual([sizes, seen.size], [[200, 200, 53], 453])
})

test('a role on one kind of resource shows those, and no role shows nothing', async t => {
  const { lazuli, list, names } = await open(t)
  const someone = await lazuli.principal({ roles: [{ role: 'Key Vault Contributor', scope: lazuli.subscription }] })
  assert.deepEqual(await names(someone.token), ['kv1'])
  const stranger = await lazuli.principal()
  assert.equal((await list(stranger.token)).status, 403)
})

test('the list of a group that is not there is not found', async t => {
  const { token, list, groups } = await open(t)
  const response = await list(token, '', `${groups}/none`)
  assert.equal(response.status, 404)
  assert.deepEqual(await response.json(), {
    error: { code: 'ResourceGroupNotFound', message: "Resource group 'none' could not be found." },
  })
})
