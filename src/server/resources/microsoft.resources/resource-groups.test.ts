import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const old = 'api-version=2016-09-01'
const recent = 'api-version=2024-11-01'

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  return {
    lazuli,
    groups: `${lazuli.subscription}/resourceGroups`,
    ask: (method: string, url: string, body?: unknown) => lazuli.request(method, url, { token, body }),
  }
}

const code = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code
const names = async (response: Response) =>
  ((await response.json()) as { value: { name: string }[] }).value.map(({ name }) => name)

test('a group is created once, updated after that, and shown as the tutorials print it', async t => {
  const { groups, ask } = await open(t)
  const expected = {
    id: `${groups}/DevTest`,
    name: 'DevTest',
    location: 'westus',
    properties: { provisioningState: 'Succeeded' },
  }
  const created = await ask('PUT', `${groups}/DevTest?${old}`, { location: 'West US' })
  assert.equal(created.status, 201)
  assert.deepEqual(await created.json(), expected)
  const updated = await ask('PUT', `${groups}/DevTest?${old}`, { location: 'westus' })
  assert.equal(updated.status, 200)
  const read = await ask('GET', `${groups.toLowerCase()}/devtest?${old}`)
  assert.equal(read.status, 200)
  assert.deepEqual(await read.json(), expected)
})

test('later versions say the type, and tags and the owner are shown when there are any', async t => {
  const { groups, ask } = await open(t)
  await ask('PUT', `${groups}/g?${recent}`, { location: 'westus', tags: { a: '1' }, managedBy: '/subscriptions/x' })
  const expected = {
    id: `${groups}/g`,
    name: 'g',
    type: 'Microsoft.Resources/resourceGroups',
    location: 'westus',
    managedBy: '/subscriptions/x',
    tags: { a: '1' },
    properties: { provisioningState: 'Succeeded' },
  }
  assert.deepEqual(await (await ask('GET', `${groups}/g?${recent}`)).json(), expected)
  const patched = await ask('PATCH', `${groups}/g?${recent}`, { tags: { b: '2' } })
  assert.deepEqual(await patched.json(), { ...expected, tags: { b: '2' } })
})

for (const [name, message] of [
  ['a!b', /'a!b' has these invalid characters: '!'/],
  ['a b', /'a b' has these invalid characters: ' '/],
  ['a.', /must not end with a period/],
  ['a'.repeat(91), /longer than the maximum of 90 characters/],
] as const) {
  test(`a group cannot be called ${name.slice(0, 10)}`, async t => {
    const { groups, ask } = await open(t)
    const response = await ask('PUT', `${groups}/${encodeURIComponent(name)}?${recent}`, { location: 'westus' })
    assert.equal(response.status, 400)
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    assert.equal(error.code, 'InvalidResourceGroup')
    assert.match(error.message, message)
  })
}

test('a group may be called in any script, with 90 characters of it', async t => {
  const { groups, ask } = await open(t)
  for (const name of ['grün_(1).x-y', 'é'.repeat(90)]) {
    const response = await ask('PUT', `${groups}/${encodeURIComponent(name)}?${recent}`, { location: 'westus' })
    assert.equal(response.status, 201, name)
  }
})

test('a group needs a location and keeps it', async t => {
  const { groups, ask } = await open(t)
  const without = await ask('PUT', `${groups}/g?${recent}`, {})
  assert.deepEqual([without.status, await code(without)], [400, 'LocationRequired'])
  await ask('PUT', `${groups}/g?${recent}`, { location: 'westus' })
  const moved = await ask('PUT', `${groups}/g?${recent}`, { location: 'eastus' })
  assert.equal(moved.status, 409)
  assert.deepEqual(await moved.json(), {
    error: {
      code: 'InvalidResourceGroupLocation',
      message: "Invalid resource group location 'eastus'. The Resource group already exists in location 'westus'.",
      target: 'g',
    },
  })
})

test('what is not there is named: the group, or the subscription', async t => {
  const { groups, ask } = await open(t)
  for (const [method, body] of [['GET'], ['DELETE'], ['PATCH', {}]] as const) {
    const response = await ask(method, `${groups}/none?${recent}`, body)
    assert.equal(response.status, 404, method)
    assert.deepEqual(await response.json(), {
      error: { code: 'ResourceGroupNotFound', message: "Resource group 'none' could not be found." },
    })
  }
  const elsewhere = `/subscriptions/${randomUUID()}/resourceGroups`
  for (const [method, url, body] of [
    ['PUT', `${elsewhere}/g`, { location: 'westus' }],
    ['GET', `${elsewhere}/g`],
    ['GET', elsewhere],
  ] as const) {
    const response = await ask(method, `${url}?${recent}`, body)
    assert.deepEqual([response.status, await code(response)], [404, 'SubscriptionNotFound'], `${method} ${url}`)
  }
})

test('HEAD says by its status whether a group exists', async t => {
  const { groups, ask } = await open(t)
  assert.equal((await ask('HEAD', `${groups}/g?${recent}`)).status, 404)
  await ask('PUT', `${groups}/g?${recent}`, { location: 'westus' })
  assert.equal((await ask('HEAD', `${groups}/g?${recent}`)).status, 204)
})

test('an unknown api-version and a missing one are refused', async t => {
  const { groups, ask } = await open(t)
  const unknown = await ask('GET', `${groups}/g?api-version=2016-09-02`)
  assert.deepEqual([unknown.status, await code(unknown)], [400, 'InvalidApiVersionParameter'])
  const missing = await ask('GET', `${groups}/g`)
  assert.deepEqual([missing.status, await code(missing)], [400, 'MissingApiVersionParameter'])
})

test('a list goes on at its nextLink until it has shown every group once', async t => {
  const { groups, ask } = await open(t)
  for (const name of ['c', 'a', 'd', 'b', 'e']) await ask('PUT', `${groups}/${name}?${recent}`, { location: 'westus' })
  const seen: string[] = []
  let pages = 0
  for (let url: string | undefined = `${groups}?$top=2&${recent}`; url !== undefined; pages++) {
    const list = (await (await ask('GET', url)).json()) as { value: { name: string }[]; nextLink?: string }
    seen.push(...list.value.map(({ name }) => name))
    url = list.nextLink
  }
  assert.deepEqual([seen, pages], [['a', 'b', 'c', 'd', 'e'], 3])
})

test('a list can be filtered by a tag, and by a tag and its value', async t => {
  const { groups, ask } = await open(t)
  await ask('PUT', `${groups}/one?${recent}`, { location: 'westus', tags: { env: 'test', owner: 'me' } })
  await ask('PUT', `${groups}/two?${recent}`, { location: 'westus', tags: { env: 'live', note: 'test' } })
  await ask('PUT', `${groups}/three?${recent}`, { location: 'westus' })
  for (const [filter, expected] of [
    ["tagName eq 'ENV'", ['one', 'two']],
    ["tagName eq 'env' and tagValue eq 'test'", ['one']],
    ["tagName eq 'none'", []],
  ] as const) {
    const listed = await ask('GET', `${groups}?${recent}&$filter=${encodeURIComponent(filter)}`)
    assert.deepEqual(await names(listed), expected, filter)
  }
})

test('a list shows the groups that the caller may read', async t => {
  const { lazuli, groups, ask } = await open(t)
  for (const name of ['mine', 'others']) await ask('PUT', `${groups}/${name}?${recent}`, { location: 'westus' })
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: `${groups}/mine` }] })
  const listed = await lazuli.request('GET', `${groups}?${recent}`, { token: reader.token })
  assert.deepEqual(await names(listed), ['mine'])
})

const rights: Record<string, Record<string, number>> = {
  Owner: { GET: 200, HEAD: 204, PUT: 200, PATCH: 200, DELETE: 202 },
  Contributor: { GET: 200, HEAD: 204, PUT: 200, PATCH: 200, DELETE: 202 },
  Reader: { GET: 200, HEAD: 204, PUT: 403, PATCH: 403, DELETE: 403 },
  'Storage Blob Data Owner': { GET: 403, HEAD: 403, PUT: 403, PATCH: 403, DELETE: 403 },
}

for (const [role, expected] of Object.entries(rights)) {
  test(`what ${role} of a group may do with it, and of another group nothing`, async t => {
    const { lazuli, groups, ask } = await open(t)
    for (const name of ['g', 'gg']) await ask('PUT', `${groups}/${name}?${recent}`, { location: 'westus' })
    const someone = await lazuli.principal({ roles: [{ role, scope: `${groups}/g` }] })
    for (const [method, status] of Object.entries(expected)) {
      const body = method === 'PUT' ? { location: 'westus' } : method === 'PATCH' ? {} : undefined
      const there = await lazuli.request(method, `${groups}/g?${recent}`, { token: someone.token, body })
      assert.equal(there.status, status, method)
      const elsewhere = await lazuli.request(method, `${groups}/gg?${recent}`, { token: someone.token, body })
      assert.equal(elsewhere.status, 403, `${method} elsewhere`)
    }
  })
}

test('a stranger hears the same of a group that is there and of one that is not', async t => {
  const { lazuli, groups, ask } = await open(t)
  await ask('PUT', `${groups}/there?${recent}`, { location: 'westus' })
  const stranger = await lazuli.principal()
  const heard = async (group: string) => {
    const response = await lazuli.request('GET', `${groups}/${group}?${recent}`, { token: stranger.token })
    return { status: response.status, text: (await response.text()).replaceAll(group, '<group>') }
  }
  const there = await heard('there')
  assert.deepEqual(there, await heard('absent'))
  assert.deepEqual(JSON.parse(there.text), {
    error: {
      code: 'AuthorizationFailed',
      message: `The client '${stranger.clientId}' with object id '${stranger.objectId}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '${groups}/<group>' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    },
  })
})
