import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Machines } from '../../machines/machines.ts'
import { type OpenLazuli, openLazuli } from '../../testing/open-lazuli.ts'
import { machineBody } from '../microsoft.compute/testing-machines.ts'

const setUp = systemGrant('arrange a test')
const identity = 'Microsoft.ManagedIdentity/userAssignedIdentities'

async function arrange(t: TestContext, wish: Parameters<typeof openLazuli>[1] = {}) {
  const lazuli = await openLazuli(t, wish)
  const token = await lazuli.adminToken()
  const group = `${lazuli.subscription}/resourceGroups/g`
  const send = sender(lazuli, token)
  await send('PUT', group, { location: 'westus' })
  return { lazuli, group, send, deployment: `${group}/providers/Microsoft.Resources/deployments/d1` }
}

const sender =
  (lazuli: OpenLazuli, token: string) =>
  async (method: string, path: string, body?: unknown, version = '2022-09-01') => {
    const response = await lazuli.request(method, path.includes('?') ? path : `${path}?api-version=${version}`, {
      token,
      body,
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
type Send = ReturnType<typeof sender>

const wish = (template: object, parameters: object = {}) => ({
  properties: { mode: 'incremental', parameters, template: { $schema: 's', contentVersion: '1.0.0.0', ...template } },
})

const named = (name: string, more: object = {}) => ({
  type: identity,
  name,
  apiVersion: '2023-01-31',
  location: 'westus',
  ...more,
})

/** Follows the work as a client does. */
async function ended(send: Send, answer: Awaited<ReturnType<Send>>) {
  assert.ok(answer.status === 200 || answer.status === 201, JSON.stringify(answer.body))
  for (;;) {
    const { body, headers } = await send('GET', answer.headers.get('azure-asyncoperation') ?? '')
    if (body.status !== 'Running') return body
    assert.equal(headers.get('retry-after'), '1')
    await pause(5)
  }
}

test('resources are put in the order of their dependencies, with their expressions replaced', async t => {
  const { group, send, deployment } = await arrange(t)
  const template = {
    parameters: { prefix: { type: 'string' }, place: { type: 'string', defaultValue: '[resourceGroup().location]' } },
    variables: { first: "[concat(parameters('prefix'), 'one')]" },
    resources: [
      named('three', { dependsOn: ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'two')]"] }),
      named('two', { dependsOn: [`${identity}/my-one`], tags: { of: "[reference(variables('first')).clientId]" } }),
      named("[variables('first')]", { location: "[parameters('place')]" }),
      named('never', { condition: "[parameters('never')]" }),
    ],
    outputs: { client: { type: 'string', value: "[reference('two', '2023-01-31', 'Full').tags.of]" } },
  }
  const parameters = { prefix: { value: 'my-' }, never: { value: false } }
  Object.assign(template.parameters, { never: { type: 'bool' } })
  assert.deepEqual(await ended(send, await send('PUT', deployment, wish(template, parameters))), {
    status: 'Succeeded',
  })

  const one = await send('GET', `${group}/providers/${identity}/my-one`, undefined, '2023-01-31')
  const { properties } = (await send('GET', deployment)).body
  assert.equal(properties.provisioningState, 'Succeeded')
  assert.deepEqual(properties.outputs, { client: { type: 'String', value: one.body.properties.clientId } })
  assert.deepEqual(properties.providers, [
    {
      namespace: 'Microsoft.ManagedIdentity',
      resourceTypes: [{ resourceType: 'userAssignedIdentities', locations: ['westus'] }],
    },
  ])
  assert.deepEqual(
    properties.outputResources.map(({ id }: { id: string }) => id.split('/').at(-1)),
    ['my-one', 'two', 'three'],
  )
  const { value } = (await send('GET', `${deployment}/operations`)).body
  assert.deepEqual(
    value.map(({ properties: { targetResource, statusCode } }: never) => [
      (targetResource as { resourceName: string }).resourceName,
      statusCode,
    ]),
    [
      ['my-one', 'Created'],
      ['two', 'Created'],
      ['three', 'Created'],
    ],
  )
  assert.equal((await send('GET', `${group}/providers/${identity}/never`, undefined, '2023-01-31')).status, 404)
})

test('a template is taken as az pastes it: with comments, and below a key without quotes', async t => {
  const { send, deployment } = await arrange(t)
  const body = `{"properties":{"mode":"Incremental","parameters":{}, template: {
    "$schema": "s", "contentVersion": "1.0.0.0", // of a file
    /* nothing */ "resources": [],
  }}}`
  assert.deepEqual(await ended(send, await send('PUT', deployment, body)), { status: 'Succeeded' })
})

test('the values of secure parameters are shown to nobody and are in no file', async t => {
  const { lazuli, send, deployment } = await arrange(t)
  const template = {
    parameters: { password: { type: 'securestring' } },
    resources: [],
    outputs: { leak: { type: 'securestring', value: "[parameters('password')]" } },
  }
  await ended(send, await send('PUT', deployment, wish(template, { password: { value: 'Very-secret-0815' } })))
  const { properties } = (await send('GET', deployment)).body
  assert.deepEqual(
    [properties.parameters, properties.outputs],
    [{ password: { type: 'SecureString' } }, { leak: { type: 'SecureString' } }],
  )
  for (const name of ['lazuli.sqlite', 'lazuli.sqlite-wal'])
    assert.equal((await readFile(join(lazuli.parts.config.directory, name))).includes('Very-secret-0815'), false, name)
})

test('what a resource is refused for stands in the deployment, and what depends on it is not begun', async t => {
  const { group, send, deployment } = await arrange(t)
  const template = {
    resources: [named('x'), named('later', { dependsOn: ['x'] }), named('fine')],
  }
  const status = await ended(send, await send('PUT', deployment, wish(template)))
  assert.equal(status.status, 'Failed')
  assert.equal(status.error.code, 'DeploymentFailed')
  assert.deepEqual(
    status.error.details.map(({ code }: { code: string }) => code),
    ['InvalidResourceName'],
  )
  const { properties } = (await send('GET', deployment)).body
  assert.deepEqual([properties.provisioningState, properties.error], ['Failed', status.error])
  const there = async (name: string) =>
    (await send('GET', `${group}/providers/${identity}/${name}`, undefined, '2023-01-31')).status
  assert.deepEqual([await there('later'), await there('fine')], [404, 200])
})

test('every resource takes the right of its own, and is audited as its caller’s', async t => {
  const { lazuli, group, deployment } = await arrange(t)
  const deployer = await lazuli.principal({ roles: [{ role: 'Contributor', scope: deployment }] })
  const refused = await sender(lazuli, deployer.token)('PUT', deployment, wish({ resources: [named('one')] }))
  assert.equal(refused.status, 403)
  assert.equal(refused.body.error.code, 'InvalidTemplateDeployment')
  assert.equal(refused.body.error.details[0].code, 'AuthorizationFailed')

  const owner = await lazuli.principal({ roles: [{ role: 'Contributor', scope: group }] })
  const send = sender(lazuli, owner.token)
  await ended(send, await send('PUT', deployment, wish({ resources: [named('one')] })))
  const rows = await lazuli.auditRows()
  const row = rows.find(({ operation, outcome }) => operation === `${identity}/write` && outcome === 'Succeeded')
  assert.equal(row?.caller, owner.objectId)
})

test('a role assignment inside a template needs the right to assign roles, and is made with it', async t => {
  const { lazuli, group, deployment, send } = await arrange(t)
  const name = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
  const reader = `${lazuli.subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`
  const template = {
    resources: [
      {
        type: 'Microsoft.Authorization/roleAssignments',
        name,
        apiVersion: '2022-04-01',
        properties: { roleDefinitionId: reader, principalId: "[reference('one').principalId]" },
      },
      named('one'),
    ],
  }
  const contributor = await lazuli.principal({ roles: [{ role: 'Contributor', scope: group }] })
  const sendAs = sender(lazuli, contributor.token)
  const status = await ended(sendAs, await sendAs('PUT', deployment, wish(template)))
  assert.equal(status.error.details[0].code, 'AuthorizationFailed')
  assert.deepEqual(await ended(send, await send('PUT', deployment, wish(template))), { status: 'Succeeded' })
  const made = await send(
    'GET',
    `${group}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    undefined,
    '2022-04-01',
  )
  assert.equal(made.body.properties.scope, group)

  const [assignment, ...others] = template.resources
  const properties = { ...(assignment as { properties: object }).properties, scope: lazuli.subscription }
  const elsewhere = await ended(
    send,
    await send('PUT', deployment, wish({ resources: [{ ...assignment, properties }, ...others] })),
  )
  assert.equal(elsewhere.error.details[0].code, 'InvalidCreateRoleAssignmentRequest')
})

test('a deployment to a subscription makes groups and deploys into them', async t => {
  const { lazuli, send } = await arrange(t)
  const nested = wish({ resources: [named('inside')] }).properties
  const template = {
    resources: [
      { type: 'Microsoft.Resources/resourceGroups', name: 'fresh', apiVersion: '2022-09-01', location: 'westus' },
      {
        type: 'Microsoft.Resources/deployments',
        name: 'nested',
        apiVersion: '2022-09-01',
        resourceGroup: 'fresh',
        dependsOn: ['fresh'],
        properties: { ...nested, parameters: {} },
      },
    ],
  }
  const path = `${lazuli.subscription}/providers/Microsoft.Resources/deployments/outer`
  const answer = await send('PUT', path, { location: 'westus', ...wish(template) })
  assert.deepEqual(await ended(send, answer), { status: 'Succeeded' })
  const inside = await send(
    'GET',
    `${lazuli.subscription}/resourceGroups/fresh/providers/${identity}/inside`,
    undefined,
    '2023-01-31',
  )
  assert.equal(inside.status, 200)
  const { value } = (await send('GET', `${lazuli.subscription}/providers/Microsoft.Resources/deployments/`)).body
  assert.deepEqual(
    value.map(({ name, location }: never) => [name, location]),
    [['outer', 'westus']],
  )
})

const refusals: [what: string, template: object, parameters: object, code: string, says: RegExp][] = [
  [
    'a type that is not there',
    { resources: [{ type: 'A.B/c', name: 'd', apiVersion: '2020-01-01' }] },
    {},
    'InvalidTemplateDeployment',
    /'c' could not be found in the namespace 'A.B'/,
  ],
  [
    'a version that is not there',
    { resources: [named('one', { apiVersion: '1999-01-01' })] },
    {},
    'InvalidTemplateDeployment',
    /No registered resource provider/,
  ],
  [
    'a circle',
    { resources: [named('one', { dependsOn: ['two'] }), named('two', { dependsOn: ['one'] })] },
    {},
    'InvalidTemplate',
    /Circular dependency/,
  ],
  [
    'a dependency on nothing',
    { resources: [named('one', { dependsOn: ['two'] })] },
    {},
    'InvalidTemplate',
    /'two' is not defined in the template/,
  ],
  [
    'two resources of one name',
    { resources: [named('one'), named('ONE')] },
    {},
    'InvalidTemplate',
    /defined multiple times/,
  ],
  ['a name with too many parts', { resources: [named('one/two')] }, {}, 'InvalidTemplate', /incorrect segment lengths/],
  [
    'a parameter without a value',
    { parameters: { a: { type: 'string' } }, resources: [] },
    {},
    'InvalidTemplate',
    /'a' is not provided/,
  ],
  [
    'a value without a parameter',
    { resources: [] },
    { a: { value: 1 } },
    'InvalidTemplate',
    /not present in the original template/,
  ],
  [
    'a value of another type',
    { parameters: { a: { type: 'int' } }, resources: [] },
    { a: { value: '1' } },
    'InvalidTemplate',
    /Expected 'Integer'. Actual 'String'/,
  ],
  [
    'a value that is not allowed',
    { parameters: { a: { type: 'string', allowedValues: ['b'] } }, resources: [] },
    { a: { value: 'c' } },
    'InvalidTemplate',
    /allowed value/,
  ],
  [
    'a parameter that needs itself',
    { parameters: { a: { type: 'string', defaultValue: "[parameters('a')]" } }, resources: [] },
    {},
    'InvalidTemplate',
    /defined by itself/,
  ],
  [
    'a broken expression',
    { resources: [named('one', { tags: { a: "[concat('b'" + ']' } })] },
    {},
    'InvalidTemplate',
    /Unable to process template language expressions/,
  ],
  ['a loop', { resources: [named('one', { copy: { name: 'c', count: 2 } })] }, {}, 'InvalidDeployment', /copy loop/],
]
for (const [what, template, parameters, code, says] of refusals) {
  test(`${what} is refused before anything is changed, and by validation, too`, async t => {
    const { send, deployment } = await arrange(t)
    for (const answer of [
      await send('PUT', deployment, wish(template, parameters)),
      await send('POST', `${deployment}/validate`, wish(template, parameters)),
    ]) {
      assert.equal(answer.status, 400)
      assert.equal(answer.body.error.code, code)
      assert.match(answer.body.error.message, says)
    }
    assert.equal((await send('GET', deployment)).body.error.code, 'DeploymentNotFound')
  })
}

test('validation changes nothing', async t => {
  const { group, send, deployment } = await arrange(t)
  const { status, body } = await send('POST', `${deployment}/validate`, wish({ resources: [named('one')] }))
  assert.equal(status, 200)
  assert.deepEqual(body.properties.validatedResources, [{ id: `${group}/providers/${identity}/one` }])
  assert.equal((await send('GET', deployment)).status, 404)
  assert.equal((await send('GET', `${group}/providers/${identity}/one`, undefined, '2023-01-31')).status, 404)
})

test('a deployment that has ended can be repeated and removed, and cannot be canceled', async t => {
  const { send, deployment } = await arrange(t)
  await ended(send, await send('PUT', deployment, wish({ resources: [named('one')] })))
  const again = await send('PUT', deployment, wish({ resources: [named('one')] }))
  assert.equal(again.status, 200)
  await ended(send, again)
  assert.equal((await send('POST', `${deployment}/cancel`)).status, 409)
  assert.equal((await send('HEAD', deployment)).status, 204)
  assert.equal((await send('DELETE', deployment)).status, 204)
  assert.equal((await send('HEAD', deployment)).status, 404)
})

/** Machines whose making ends when the test says so, so that a deployment can be looked at on its way. */
function heldMachines() {
  const facts = {
    address: '',
    prefixLength: 0,
    subnet: '',
    macAddress: '',
    hostKeys: [],
    os: { name: '', version: '' },
  }
  const { promise, resolve, reject } = Promise.withResolvers<typeof facts>()
  const began = Promise.withResolvers<void>()
  const nothing = async () => undefined
  const machines: Machines = {
    kind: 'sandbox',
    missing: [],
    start: nothing,
    granted: size => size,
    create: () => {
      began.resolve()
      return promise
    },
    powerOn: nothing,
    powerOff: nothing,
    deallocate: nothing,
    restart: nothing,
    remove: nothing,
    powerState: async () => 'stopped',
    exec: async () => ({ exitCode: 0, stdout: '', stderr: '' }),
    filterPackets: nothing,
    resourceIdOf: () => undefined,
    close: nothing,
  }
  return {
    machines,
    began: began.promise,
    makeThem: () => resolve(facts),
    fail: () => reject(new Error('the host is going down')),
  }
}

const machineTemplate = {
  resources: [
    named('one'),
    {
      type: 'Microsoft.Compute/virtualMachines',
      name: 'vm1',
      apiVersion: '2024-11-01',
      dependsOn: ['one'],
      ...machineBody(),
    },
    named('last', { dependsOn: ['vm1'] }),
  ],
}

test('a deployment that a stop of the server cut short goes on at the next start', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'lazuli-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { machines, began, fail } = heldMachines()
  const { lazuli, group, send, deployment } = await arrange(t, { folder, machines })
  assert.equal((await send('PUT', deployment, wish(machineTemplate))).status, 201)
  await began
  const before = (await send('GET', `${group}/providers/${identity}/one`, undefined, '2023-01-31')).body
  const closed = lazuli.close()
  fail()
  await closed

  const again = await openLazuli(t, { folder })
  const sendAgain = sender(again, await again.adminToken())
  for (;;) {
    const { provisioningState } = (await sendAgain('GET', deployment)).body.properties
    if (provisioningState === 'Succeeded') break
    assert.equal(provisioningState, 'Running')
    await pause(5)
  }
  const after = (await sendAgain('GET', `${group}/providers/${identity}/one`, undefined, '2023-01-31')).body
  assert.deepEqual(after, before, 'what was done before is not done again')
  assert.equal((await sendAgain('GET', `${group}/providers/${identity}/last`, undefined, '2023-01-31')).status, 200)
})

test('one that runs can neither be replaced nor removed', async t => {
  const { machines, began, makeThem } = heldMachines()
  const { send, deployment } = await arrange(t, { machines })
  const answer = await send('PUT', deployment, wish(machineTemplate))
  await began
  for (const method of ['PUT', 'DELETE']) {
    const { status, body } = await send(method, deployment, method === 'PUT' ? wish({ resources: [] }) : undefined)
    assert.deepEqual([status, body.error.code], [409, 'DeploymentActive'])
  }
  makeThem()
  assert.deepEqual(await ended(send, answer), { status: 'Succeeded' })
})

test('one that is canceled lets what it has begun end, and begins nothing more', async t => {
  const { machines, began, makeThem } = heldMachines()
  const { group, send, deployment } = await arrange(t, { machines })
  const answer = await send('PUT', deployment, wish(machineTemplate))
  await began
  assert.equal((await send('POST', `${deployment}/cancel`)).status, 204)
  makeThem()
  assert.equal((await ended(send, answer)).status, 'Canceled')
  assert.equal((await send('GET', deployment)).body.properties.provisioningState, 'Canceled')
  const state = async (path: string, version: string) =>
    (await send('GET', `${group}/providers/${path}`, undefined, version)).status
  assert.deepEqual(
    [await state('Microsoft.Compute/virtualMachines/vm1', '2024-11-01'), await state(`${identity}/last`, '2023-01-31')],
    [200, 404],
  )
})

const doubled = (first: unknown, twice: (name: string) => unknown) => ({
  parameters: { last: { type: 'object', defaultValue: "[variables('v40')]" } },
  variables: Object.fromEntries(
    Array.from({ length: 41 }, (_, n) => [`v${n}`, n === 0 ? first : twice(`variables('v${n - 1}')`)]),
  ),
})
const many = (count: number, one: (n: number) => [string, unknown]) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => one(n)))
const text = (value: string) => ({ parameters: { p: { type: 'string', defaultValue: value } } })

const tooMuch: [what: string, template: object, says: RegExp][] = [
  [
    'a text that is doubled forty times',
    doubled('a', name => `[concat(${name}, ${name})]`),
    /more than \d+ characters/,
  ],
  [
    'a list that is doubled forty times',
    doubled([1], name => `[concat(${name}, ${name})]`),
    /more than \d+ characters/,
  ],
  [
    'objects that are written out twice in each other',
    doubled({ a: 1 }, name => ({ a: `[${name}]`, b: `[${name}]` })),
    /more than \d+ characters/,
  ],
  [
    'variables that are made of one another without end',
    {
      ...text("[variables('v150')]"),
      variables: many(151, n => [`v${n}`, n === 0 ? 'a' : `[variables('v${n - 1}')]`]),
    },
    /nested too deeply/,
  ],
  ['an expression that is too long', text(`[concat('${'a'.repeat(25_000)}')]`), /more than 24576 characters/],
  ['members of members without end', text(`[resourceGroup()${'.a'.repeat(5_000)}]`), /nested too deeply/],
  ['too many resources', { resources: Array.from({ length: 801 }, (_, n) => named(`i${n}`)) }, /Limit: '800'/],
  ['too many parameters', { parameters: many(257, n => [`p${n}`, { type: 'int', defaultValue: n }]) }, /Limit: '256'/],
]
for (const [what, template, says] of tooMuch) {
  test(`a template with ${what} is refused before it takes the server's memory or time`, async t => {
    const { send, deployment } = await arrange(t)
    const { status, body } = await send('POST', `${deployment}/validate`, wish({ resources: [], ...template }))
    assert.deepEqual([status, body.error.code], [400, 'InvalidTemplate'])
    assert.match(body.error.message, says)
  })
}

test('a parameter may be called as it likes', async t => {
  const { send, deployment } = await arrange(t)
  const template = { resources: [], parameters: { constructor: { type: 'string', defaultValue: 'mine' } } }
  const { body } = await send('POST', `${deployment}/validate`, wish(template))
  assert.deepEqual(body.properties.parameters, { constructor: { type: 'String', value: 'mine' } })
})

test('a template that is nested too deeply is refused', async t => {
  const { send, deployment } = await arrange(t)
  const { status, body } = await send(
    'POST',
    `${deployment}/validate`,
    `{properties:${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
  )
  assert.deepEqual([status, body.error.code], [400, 'InvalidRequestContent'])
})

test('eight hundred resources that all wait for each other before them are put in order', async t => {
  const { send, deployment } = await arrange(t)
  const name = (n: number) => `i${String(n).padStart(3, '0')}`
  const resources = Array.from({ length: 800 }, (_, n) =>
    named(name(n), { dependsOn: Array.from({ length: n }, (_, before) => name(before)) }),
  ).reverse()
  const { status, body } = await send('POST', `${deployment}/validate`, wish({ resources }))
  assert.equal(status, 200)
  assert.deepEqual(
    body.properties.validatedResources.map(({ id }: { id: string }) => id.split('/').at(-1)),
    Array.from({ length: 800 }, (_, n) => name(n)),
  )
})

for (const [state, status, left] of [
  ['Succeeded', 201, 751],
  ['Running', 409, 800],
] as const) {
  test(`in a group with eight hundred deployments that are ${state}, one more gets ${status}`, async t => {
    const { lazuli, group, send, deployment } = await arrange(t)
    const all = { in: group, type: 'Microsoft.Resources/deployments' }
    await lazuli.store.write(async tx => {
      for (let n = 0; n < 800; n++) {
        const id = resourceId(`${group}/providers/${all.type}/old${n}`)
        const stored = { startedAt: 0, steps: [] }
        await tx.resources.put(setUp, id, { properties: { provisioningState: state }, deployment: stored })
      }
    })
    assert.equal((await send('PUT', deployment, wish({ resources: [] }))).status, status)
    assert.equal(await lazuli.store.resources.count(setUp, all), left)
  })
}
