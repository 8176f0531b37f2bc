import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import * as z from 'zod'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { AzureError } from '../errors.ts'
import { armPlane } from '../planes/arm/plane.ts'
import { openLazuli } from '../testing/open-lazuli.ts'
import { accepted, pollingOperations } from './long-running.ts'
import { resourceOperations } from './resource-operations.ts'
import { defineResource, type ResourceType } from './resource-type.ts'

const arrange = systemGrant('arrange a test')
const [now, before] = ['api-version=2024-01-01', 'api-version=2020-01-01']

/** A type that is done at once, one below it, and one whose work goes on until a test lets it go. */
const widgets = defineResource({
  type: 'Test.Things/widgets',
  apiVersions: ['2024-01-01', '2020-01-01'],
  location: 'required',
  name: { pattern: /^[a-z]{2,8}$/i, rule: 'It has 2 to 8 letters.' },
  properties: z.looseObject({ size: z.number().optional(), uses: z.string().optional() }),
  linked: ({ properties }) =>
    typeof properties.uses === 'string' ? [{ action: 'Test.Things/tools/use/action', scope: properties.uses }] : [],
  put: ({ body }) => ({ body: { ...body, properties: { ...body.properties, provisioningState: 'Succeeded' } } }),
  patch: ({ body }, patch) => ({
    ...body,
    properties: { ...body.properties, ...(patch.properties as Record<string, unknown> | undefined) },
  }),
  actions: { measure: { run: (_cx, { body }) => Response.json({ size: body.properties.size ?? 0 }) } },
  render: ({ resource: { body }, apiVersion, expand }) => ({
    etag: undefined,
    location: body.location,
    ...(body.tags ? { tags: body.tags } : {}),
    properties: {
      ...body.properties,
      ...(apiVersion === '2020-01-01' ? { old: true } : {}),
      ...(expand.includes('more') ? { more: 1 } : {}),
    },
  }),
})

const parts = defineResource({
  type: 'Test.Things/widgets/parts',
  apiVersions: ['2024-01-01'],
  location: 'none',
  properties: z.looseObject({}),
  put: ({ body }) => ({ body }),
  render: ({ resource: { body } }) => ({ etag: undefined, properties: body.properties }),
})

const slowType = (work: ResourceType['work'] = {}): ResourceType =>
  defineResource({
    type: 'Test.Slow/things',
    apiVersions: ['2024-01-01'],
    location: 'none',
    properties: z.looseObject({}),
    put: ({ existing, body }) => ({
      body: { ...body, properties: { ...body.properties, provisioningState: existing ? 'Updating' : 'Creating' } },
      work: 'the work',
    }),
    remove: () => ({ work: 'the end' }),
    actions: {
      poke: {
        async run(cx, resource) {
          const target = resource.id.text
          const operation = await cx.store.write(tx =>
            cx.asyncWork.plan(tx, cx.grant, { kind: 'Test.Slow/things/poke/action', target, caller: cx.caller }),
          )
          void cx.asyncWork.begin(operation)
          return accepted(cx.url, operation, 202)
        },
      },
    },
    work,
    render: ({ resource: { body } }) => ({ etag: undefined, properties: body.properties }),
  })

async function open(t: TestContext, slow = slowType()) {
  const types = [widgets, parts, slow]
  const lazuli = await openLazuli(t, {
    planes: ({ tokens, directory }) => {
      const arm = armPlane(tokens, directory.tenantId)
      return [{ ...arm, operations: [...types.flatMap(resourceOperations), ...pollingOperations] }]
    },
  })
  await lazuli.parts.asyncWork.resume(kind => {
    const verb = Object.keys(slow.work ?? {}).find(name => kind === `${slow.type}/${name}`)
    const work = verb === undefined ? undefined : slow.work?.[verb]
    return work && ((operation, resource) => work({ ...lazuli.parts, operation, resource }))
  })
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  await lazuli.store.write(tx => tx.resources.put(arrange, resourceId(group), { location: 'westus', properties: {} }))
  return {
    lazuli,
    group,
    widget: `${group}/providers/Test.Things/widgets`,
    slow: `${group}/providers/Test.Slow/things/one`,
    ask: (method: string, url: string, body?: unknown, headers = {}) =>
      lazuli.request(method, url, { token, body, headers }),
  }
}

const errorOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error
const codeOf = async (response: Response) => [response.status, (await errorOf(response)).code]

test('a resource is created, read in any case, updated, patched and deleted', async t => {
  const { widget, ask } = await open(t)
  const expected = {
    id: `${widget}/Gear`,
    name: 'Gear',
    type: 'Test.Things/widgets',
    location: 'westus',
    tags: { a: '1' },
    properties: { size: 1, free: 'form', provisioningState: 'Succeeded' },
  }
  const wish = { location: 'West US', tags: { a: '1' }, properties: { size: 1, free: 'form' } }
  const created = await ask('PUT', `${widget}/Gear?${now}`, wish)
  assert.equal(created.status, 201)
  assert.deepEqual(await created.json(), expected)

  const lower = `${widget}/Gear`.toLowerCase()
  const read = await ask('GET', `${lower}?${now}`)
  assert.deepEqual([read.status, await read.json()], [200, expected])
  const updated = await ask('PUT', `${lower}?${now}`, { ...wish, properties: { size: 2 } })
  assert.deepEqual(
    [updated.status, await updated.json()],
    [200, { ...expected, properties: { size: 2, provisioningState: 'Succeeded' } }],
    'and keeps the name as it was first written',
  )
  const patched = await ask('PATCH', `${widget}/Gear?${now}`, { tags: {}, properties: { size: 3 } })
  assert.deepEqual(
    [patched.status, await patched.json()],
    [200, { ...expected, tags: {}, properties: { size: 3, provisioningState: 'Succeeded' } }],
  )

  assert.equal((await ask('HEAD', `${widget}/Gear?${now}`)).status, 204)
  assert.equal((await ask('DELETE', `${widget}/Gear?${now}`)).status, 200)
  assert.equal((await ask('DELETE', `${widget}/Gear?${now}`)).status, 204)
  assert.equal((await ask('HEAD', `${widget}/Gear?${now}`)).status, 404)
  const gone = await ask('GET', `${widget}/Gear?${now}`)
  assert.equal(gone.status, 404)
  assert.deepEqual(await errorOf(gone), {
    code: 'ResourceNotFound',
    message:
      "The Resource 'Test.Things/widgets/Gear' under resource group 'g' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  })
})

test('a version has its shape, and $expand its additions', async t => {
  const { widget, ask } = await open(t)
  await ask('PUT', `${widget}/gear?${now}`, { location: 'westus' })
  const properties = async (query: string) =>
    ((await (await ask('GET', `${widget}/gear?${query}`)).json()) as { properties: unknown }).properties
  assert.deepEqual(await properties(before), { provisioningState: 'Succeeded', old: true })
  assert.deepEqual(await properties(`${now}&$expand=Other, More`), { provisioningState: 'Succeeded', more: 1 })
})

test('what a client does wrong is said as Azure says it, and changes nothing', async t => {
  const { lazuli, widget, ask } = await open(t)
  const wish = { location: 'westus' }
  await ask('PUT', `${widget}/there?${now}`, wish)
  const elsewhere = `${lazuli.subscription}/resourceGroups/none/providers/Test.Things/widgets`
  const cases: [string, string, unknown, number, string][] = [
    ['PUT', `${widget}/gear`, wish, 400, 'MissingApiVersionParameter'],
    ['PUT', `${widget}/gear?api-version=2024-01-02`, wish, 400, 'InvalidApiVersionParameter'],
    ['PUT', `${widget}/g?${now}`, wish, 400, 'InvalidResourceName'],
    ['PUT', `${widget}/gear?${now}`, {}, 400, 'LocationRequired'],
    ['PUT', `${widget}/gear?${now}`, { ...wish, properties: { size: 'x' } }, 400, 'InvalidParameter'],
    ['PUT', `${widget}/gear?${now}`, '{', 400, 'InvalidRequestContent'],
    ['PUT', `${widget}/gear?${now}`, '[]', 400, 'InvalidRequestContent'],
    ['PUT', `${widget}/there?${now}`, { location: 'eastus' }, 409, 'InvalidResourceLocation'],
    ['PUT', `${elsewhere}/gear?${now}`, wish, 404, 'ResourceGroupNotFound'],
    ['GET', `${elsewhere}/gear?${now}`, undefined, 404, 'ResourceGroupNotFound'],
    ['GET', `${elsewhere}?${now}`, undefined, 404, 'ResourceGroupNotFound'],
    ['PUT', `${widget}/gear/parts/p?${now}`, {}, 404, 'ParentResourceNotFound'],
    ['GET', `${widget}/gear/parts?${now}`, undefined, 404, 'ParentResourceNotFound'],
    ['PATCH', `${widget}/gear?${now}`, {}, 404, 'ResourceNotFound'],
    ['POST', `${widget}/gear/measure?${now}`, undefined, 404, 'ResourceNotFound'],
  ]
  for (const [method, url, body, status, code] of cases) {
    assert.deepEqual(await codeOf(await ask(method, url, body)), [status, code], `${method} ${url}`)
  }
  const { value } = (await (await ask('GET', `${widget}?${now}`)).json()) as { value: { name: string }[] }
  assert.deepEqual(
    value.map(({ name }) => name),
    ['there'],
  )
})

test('etags guard an update: of what is there, of what is not, and of what has changed', async t => {
  const { widget, ask } = await open(t)
  const put = (headers: Record<string, string>) => ask('PUT', `${widget}/gear?${now}`, { location: 'westus' }, headers)
  assert.deepEqual(await codeOf(await put({ 'If-Match': '*' })), [412, 'PreconditionFailed'])
  const created = await put({ 'If-None-Match': '*' })
  assert.equal(created.status, 201)
  const etag = created.headers.get('etag') ?? ''
  assert.match(etag, /^"[0-9a-f-]{36}"$/)
  assert.equal((await put({ 'If-None-Match': '*' })).status, 412)
  const updated = await put({ 'If-Match': etag })
  assert.equal(updated.status, 200)
  assert.notEqual(updated.headers.get('etag'), etag)
  assert.equal((await put({ 'If-Match': etag })).status, 412)
  assert.equal((await ask('DELETE', `${widget}/gear?${now}`, undefined, { 'If-Match': etag })).status, 412)
  assert.equal((await ask('GET', `${widget}/gear?${now}`)).status, 200)
})

test('of many updates with the same etag one wins', async t => {
  const { widget, ask } = await open(t)
  const created = await ask('PUT', `${widget}/gear?${now}`, { location: 'westus' })
  const headers = { 'If-Match': created.headers.get('etag') ?? '' }
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, size) =>
      ask('PUT', `${widget}/gear?${now}`, { location: 'westus', properties: { size } }, headers),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 9 }, () => 412)])
})

test('lists are of a group, of a subscription, and of a parent', async t => {
  const { lazuli, widget, ask } = await open(t)
  const otherGroup = `${lazuli.subscription}/resourceGroups/h`
  await lazuli.store.write(tx => tx.resources.put(arrange, resourceId(otherGroup), { properties: {} }))
  const otherWidget = `${otherGroup}/providers/Test.Things/widgets`
  for (const url of [`${widget}/one`, `${widget}/two`, `${otherWidget}/three`])
    await ask('PUT', `${url}?${now}`, { location: 'westus' })
  for (const part of ['b', 'a']) await ask('PUT', `${widget}/one/parts/${part}?${now}`, {})
  const names = async (url: string) =>
    ((await (await ask('GET', `${url}?${now}`)).json()) as { value: { name: string }[] }).value.map(({ name }) => name)
  assert.deepEqual(await names(widget), ['one', 'two'])
  assert.deepEqual(await names(`${lazuli.subscription}/providers/Test.Things/widgets`), ['one', 'two', 'three'])
  assert.deepEqual(await names(`${widget}/one/parts`), ['a', 'b'])
  assert.deepEqual(await names(`${widget}/two/parts`), [])
})

test('a list of a subscription shows what the caller may read, page by page', async t => {
  const { lazuli, widget, ask } = await open(t)
  for (const name of ['aa', 'bb', 'cc', 'dd']) await ask('PUT', `${widget}/${name}?${now}`, { location: 'westus' })
  const someone = await lazuli.principal({
    roles: [
      { role: 'Reader', scope: `${widget}/bb` },
      { role: 'Contributor', scope: `${widget}/dd` },
    ],
  })
  const seen: string[] = []
  for (let url: string | undefined = `${widget}?$top=1&${now}`; url !== undefined; ) {
    const response = await lazuli.request('GET', url, { token: someone.token })
    const list = (await response.json()) as { value: { name: string }[]; nextLink?: string }
    seen.push(...list.value.map(({ name }) => name))
    url = list.nextLink
  }
  assert.deepEqual(seen, ['bb', 'dd'])
})

test('children go with their parent, and the roles on both', async t => {
  const { lazuli, widget, ask } = await open(t)
  await ask('PUT', `${widget}/one?${now}`, { location: 'westus' })
  await ask('PUT', `${widget}/one/parts/p?${now}`, {})
  const someone = await lazuli.principal({ roles: [{ role: 'Reader', scope: `${widget}/one/parts/p` }] })
  assert.equal((await ask('DELETE', `${widget}/one?${now}`)).status, 200)
  assert.equal(await lazuli.store.resources.get(arrange, resourceId(`${widget}/one/parts/p`)), undefined)
  assert.deepEqual(await lazuli.store.roles.assignmentsOf(arrange, someone.objectId), [])
})

test('a body that names something else takes a right there, too', async t => {
  const { lazuli, group, widget } = await open(t)
  const tool = `${lazuli.subscription}/resourceGroups/other/providers/Test.Things/tools/saw`
  const someone = await lazuli.principal({ roles: [{ role: 'Contributor', scope: group }] })
  const response = await lazuli.request('PUT', `${widget}/gear?${now}`, {
    token: someone.token,
    body: { location: 'westus', properties: { uses: tool } },
  })
  assert.equal(response.status, 403)
  assert.deepEqual(await errorOf(response), {
    code: 'LinkedAuthorizationFailed',
    message: `The client '${someone.clientId}' with object id '${someone.objectId}' has permission to perform action 'Test.Things/widgets/write' on scope '${`${widget}/gear`.toLowerCase()}'; however, it does not have permission to perform action 'Test.Things/tools/use/action' on the linked scope(s) '${tool}' or the linked scope(s) are invalid.`,
  })
  assert.equal(await lazuli.store.resources.get(arrange, resourceId(`${widget}/gear`)), undefined)
})

test('an action takes its own right', async t => {
  const { lazuli, group, widget, ask } = await open(t)
  await ask('PUT', `${widget}/gear?${now}`, { location: 'westus', properties: { size: 7 } })
  const measured = await ask('POST', `${widget}/gear/measure?${now}`)
  assert.deepEqual(await measured.json(), { size: 7 })
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: group }] })
  const refused = await lazuli.request('POST', `${widget}/gear/measure?${now}`, { token: reader.token })
  assert.equal(refused.status, 403)
})

/** Something that a test can wait at and let go. */
function gate() {
  let open = () => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open: () => open() }
}

test('a write whose work goes on answers at once with the resource, and is followed by its status', async t => {
  const work = gate()
  const { lazuli, slow, ask } = await open(t, slowType({ write: () => work.passed }))
  const answer = await ask('PUT', `${slow}?${now}`, { properties: { a: 1 } })
  assert.equal(answer.status, 201)
  assert.equal(answer.headers.get('retry-after'), '1')
  assert.equal(answer.headers.get('location'), null)
  assert.deepEqual(await answer.json(), {
    id: slow,
    name: 'one',
    type: 'Test.Slow/things',
    properties: { a: 1, provisioningState: 'Creating' },
  })
  const status = answer.headers.get('azure-asyncoperation') ?? ''
  assert.match(
    status,
    new RegExp(
      `^https://management\\.azure\\.com${lazuli.subscription}/providers/Test\\.Slow/locations/global/operations/[0-9a-f-]{36}\\?${now}$`,
    ),
  )
  const running = await ask('GET', status)
  assert.equal(running.headers.get('retry-after'), '1')
  const { startTime, ...rest } = (await running.json()) as { startTime: string; name: string }
  assert.deepEqual(rest, { name: new URL(status).pathname.split('/').at(-1), status: 'InProgress' })
  assert.ok(!Number.isNaN(Date.parse(startTime)))

  work.open()
  const ended = await untilEnded(ask, status)
  assert.deepEqual(Object.keys(ended).sort(), ['endTime', 'name', 'startTime', 'status'])
  assert.equal(ended.status, 'Succeeded')
  const { properties } = (await (await ask('GET', `${slow}?${now}`)).json()) as { properties: unknown }
  assert.deepEqual(properties, { a: 1, provisioningState: 'Succeeded' })
})

type Ended = { status: string; error?: unknown }

async function untilEnded(ask: (method: string, url: string) => Promise<Response>, url: string): Promise<Ended> {
  for (;;) {
    const body = (await (await ask('GET', url)).json()) as Ended
    if (body.status !== 'InProgress') return body
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('work that fails says so in its status, with 200, and in the resource', async t => {
  const { slow, ask } = await open(
    t,
    slowType({
      write: async () => {
        throw new AzureError(409, 'NoSpace', 'There is no space.')
      },
    }),
  )
  const answer = await ask('PUT', `${slow}?${now}`, {})
  const ended = await untilEnded(ask, answer.headers.get('azure-asyncoperation') ?? '')
  assert.deepEqual([ended.status, ended.error], ['Failed', { code: 'NoSpace', message: 'There is no space.' }])
  const { properties } = (await (await ask('GET', `${slow}?${now}`)).json()) as { properties: unknown }
  assert.deepEqual(properties, { provisioningState: 'Failed' })
})

test('a deletion whose work goes on is followed by status or location, and nothing is changed meanwhile', async t => {
  const work = gate()
  const { slow, ask } = await open(t, slowType({ write: async () => undefined, delete: () => work.passed }))
  const made = await ask('PUT', `${slow}?${now}`, {})
  await untilEnded(ask, made.headers.get('azure-asyncoperation') ?? '')
  const answer = await ask('DELETE', `${slow}?${now}`)
  assert.equal(answer.status, 202)
  assert.equal(await answer.text(), '')
  const location = answer.headers.get('location') ?? ''
  const running = await ask('GET', location)
  assert.deepEqual(
    [running.status, running.headers.get('retry-after'), running.headers.get('location')],
    [202, '1', location],
  )
  assert.deepEqual(await codeOf(await ask('PUT', `${slow}?${now}`, {})), [409, 'Conflict'])
  const seen = (await (await ask('GET', `${slow}?${now}`)).json()) as { properties: unknown }
  assert.deepEqual(seen.properties, { provisioningState: 'Deleting' })

  work.open()
  await untilEnded(ask, answer.headers.get('azure-asyncoperation') ?? '')
  assert.equal((await ask('GET', location)).status, 200)
  assert.equal((await ask('GET', `${slow}?${now}`)).status, 404)
})

test('work is followed by who asked for it or may read its resource, and is not there for others', async t => {
  const work = gate()
  const { lazuli, group, slow } = await open(t, slowType({ write: () => work.passed }))
  t.after(() => work.open())
  const writer = await lazuli.principal({ roles: [{ role: 'Contributor', scope: group }] })
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: slow }] })
  const stranger = await lazuli.principal({ roles: [{ role: 'Owner', scope: `${group}x` }] })
  const answer = await lazuli.request('PUT', `${slow}?${now}`, { token: writer.token, body: {} })
  const status = answer.headers.get('azure-asyncoperation') ?? ''
  for (const [who, expected] of [
    [writer, 200],
    [reader, 200],
    [stranger, 404],
  ] as const) {
    assert.equal((await lazuli.request('GET', status, { token: who.token })).status, expected)
  }
  const unknown = status.replace(/[0-9a-f-]{36}\?/, `${randomUUID()}?`)
  assert.equal((await lazuli.request('GET', unknown, { token: writer.token })).status, 404)
  work.open()
})

test('what the work of an action answers is read at its location', async t => {
  const { slow, ask } = await open(
    t,
    slowType({ write: async () => undefined, 'poke/action': async () => ({ value: 'ouch' }) }),
  )
  const made = await ask('PUT', `${slow}?${now}`, {})
  await untilEnded(ask, made.headers.get('azure-asyncoperation') ?? '')
  const poked = await ask('POST', `${slow}/poke?${now}`)
  const ended = await untilEnded(ask, poked.headers.get('azure-asyncoperation') ?? '')
  assert.partialDeepStrictEqual(ended, { status: 'Succeeded', properties: { output: { value: 'ouch' } } })
  assert.deepEqual(await (await ask('GET', poked.headers.get('location') ?? '')).json(), { value: 'ouch' })
})

test('a resource does not grow without end, patch by patch', async t => {
  const { widget, ask } = await open(t)
  await ask('PUT', `${widget}/Gear?${now}`, { location: 'westus' })
  const grow = (name: string) => ask('PATCH', `${widget}/Gear?${now}`, { properties: { [name]: 'x'.repeat(100_000) } })
  assert.equal((await grow('a')).status, 200)
  assert.equal((await grow('b')).status, 200)
  assert.deepEqual(await codeOf(await grow('c')), [413, 'RequestContentTooLarge'])
  assert.equal((await grow('b')).status, 200)
})
