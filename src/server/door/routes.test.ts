import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Operation, operation } from './operation.ts'
import { router, trimmedSegments } from './routes.ts'

const at = (route: string, query?: string): Operation =>
  operation({
    name: `${route}${query === undefined ? '' : ` ?${query}`}`,
    route,
    ...(query === undefined ? {} : { query }),
    access: { open: 'a test' },
    run: () => new Response(),
  })

const routes = router([
  at('GET /subscriptions'),
  at('GET /subscriptions/:id'),
  at('GET /subscriptions/:id/resourceGroups/:group'),
  at('GET /:scope*/providers/Microsoft.Authorization/roleAssignments'),
  at('GET /:scope*/providers/Microsoft.Authorization/roleAssignments/:name'),
  at('GET /subscriptions/:id/providers/:namespace'),
  at('PUT /:container/:blob*'),
  at('PUT /:container/:blob*', 'comp=block'),
  at('PUT /:container', 'restype=container'),
])

function match(method: string, target: string) {
  const url = new URL(`https://localhost${target}`)
  const segments = trimmedSegments(url.pathname)
  const found = segments && routes.match(method, segments, url.searchParams)
  return found && { route: found.operation.name, params: found.params }
}

for (const [request, route, params] of [
  ['GET /subscriptions', 'GET /subscriptions', {}],
  ['GET /SUBSCRIPTIONS/', 'GET /subscriptions', {}],
  ['GET /subscriptions/One', 'GET /subscriptions/:id', { id: 'One' }],
  [
    'GET /subscriptions/s/resourcegroups/My%20Group',
    'GET /subscriptions/:id/resourceGroups/:group',
    { id: 's', group: 'My Group' },
  ],
  ['GET /subscriptions/s/resourceGroups/g%20', 'GET /subscriptions/:id/resourceGroups/:group', { id: 's', group: 'g' }],
  [
    'GET /subscriptions/s/resourceGroups/g/providers/microsoft.authorization/roleassignments/x',
    'GET /:scope*/providers/Microsoft.Authorization/roleAssignments/:name',
    { scope: 'subscriptions/s/resourceGroups/g', name: 'x' },
  ],
  [
    'GET /providers/Microsoft.Authorization/roleAssignments',
    'GET /:scope*/providers/Microsoft.Authorization/roleAssignments',
    { scope: '' },
  ],
  [
    'GET //providers/Microsoft.Authorization/roleAssignments',
    'GET /:scope*/providers/Microsoft.Authorization/roleAssignments',
    { scope: '' },
  ],
  [
    'GET /subscriptions/s/providers/Microsoft.Compute',
    'GET /subscriptions/:id/providers/:namespace',
    { id: 's', namespace: 'Microsoft.Compute' },
  ],
  ['PUT /c/a/b?comp=block', 'PUT /:container/:blob* ?comp=block', { container: 'c', blob: 'a/b' }],
  ['PUT /c/a/b?comp=BLOCK&x=1', 'PUT /:container/:blob* ?comp=block', { container: 'c', blob: 'a/b' }],
  ['PUT /c/a/b?comp=other', 'PUT /:container/:blob*', { container: 'c', blob: 'a/b' }],
  ['PUT /c?restype=container', 'PUT /:container ?restype=container', { container: 'c' }],
] as const) {
  test(`${request} is ${route}`, () => {
    const [method = '', target = ''] = request.split(' ')
    assert.deepEqual(match(method, target), { route, params })
  })
}

for (const request of [
  'POST /subscriptions',
  'GET /subscriptionsx',
  'GET /subscriptions/%20',
  'GET /subscriptions/a%2Fb',
  'GET /subscriptions/a%00b',
  'GET /subscriptions/%zz',
  'GET /subscriptions/s/resourceGroups',
]) {
  test(`${request} is nothing`, () => {
    const [method = '', target = ''] = request.split(' ')
    assert.equal(match(method, target), undefined)
  })
}

test('two routes that no request could tell apart are a mistake found at start', () => {
  assert.throws(() => router([at('GET /a/:x'), at('GET /A/:y')]), /have the same route/)
  assert.doesNotThrow(() => router([at('GET /a/:x'), at('GET /a/:x', 'comp=list'), at('PUT /a/:x')]))
})
