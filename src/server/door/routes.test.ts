import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operation } from './operation.ts'
import { pathSegments, router } from './routes.ts'

const of = (route: string, query?: string) =>
  operation({
    name: `${route}${query ? `?${query}` : ''}`,
    route,
    ...(query === undefined ? {} : { query }),
    access: { open: 'test' },
    run: () => new Response(),
  })

const routes = router([
  of('GET /subscriptions'),
  of('GET /subscriptions/:subscriptionId'),
  of('GET /subscriptions/:subscriptionId/resourceGroups/:group'),
  of('GET /:scope*/providers/Microsoft.Authorization/roleAssignments'),
  of('GET /:scope*/providers/Microsoft.Authorization/roleAssignments/:name'),
  of('PUT /:container/:blob'),
  of('PUT /:container/:blob', 'comp=block'),
])

const cases: [method: string, path: string, name: string | undefined, params?: Record<string, string>][] = [
  ['GET', '/subscriptions', 'GET /subscriptions', {}],
  ['GET', '/SUBSCRIPTIONS/S/', 'GET /subscriptions/:subscriptionId', { subscriptionId: 'S' }],
  [
    'GET',
    '/subscriptions/s/resourcegroups/rg1%20',
    'GET /subscriptions/:subscriptionId/resourceGroups/:group',
    { subscriptionId: 's', group: 'rg1' },
  ],
  ['POST', '/subscriptions', undefined],
  ['GET', '/subscriptions/s/resourceGroups', undefined],
  ['GET', '/subscriptions/s/resourceGroups/%20', undefined],
  [
    'GET',
    '/subscriptions/s/resourcegroups/rg1%20/providers/Microsoft.Authorization/roleAssignments',
    'GET /:scope*/providers/Microsoft.Authorization/roleAssignments',
    { scope: 'subscriptions/s/resourcegroups/rg1 ' },
  ],
  [
    'GET',
    '/providers/microsoft.authorization/roleassignments/x',
    'GET /:scope*/providers/Microsoft.Authorization/roleAssignments/:name',
    { scope: '', name: 'x' },
  ],
  ['PUT', '/c/b', 'PUT /:container/:blob', { container: 'c', blob: 'b' }],
  ['PUT', '/c/b?comp=block', 'PUT /:container/:blob?comp=block', { container: 'c', blob: 'b' }],
  ['PUT', '/c/b?comp=other', 'PUT /:container/:blob', { container: 'c', blob: 'b' }],
]

for (const [method, path, name, params] of cases) {
  test(`${method} ${path} is ${name ?? 'no operation'}`, () => {
    const url = new URL(path, 'https://localhost')
    const match = routes.match(method, pathSegments(url.pathname) ?? [], url.searchParams)
    assert.deepEqual(
      match && { name: match.operation.name, params: match.params },
      name === undefined ? undefined : { name, params },
    )
  })
}

test('two routes that cannot be told apart are refused at start', () => {
  assert.throws(() => router([of('GET /a/:x'), of('GET /A/:y')]), /same route/)
})

for (const path of ['/a/%zz', '/a/%00', '/a/%c3%28']) {
  test(`the path ${path} is not decoded`, () => assert.equal(pathSegments(path), undefined))
}
