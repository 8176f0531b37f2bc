import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openLazuli } from '../../testing/open-lazuli.ts'

const groupVersion = 'api-version=2021-04-01'

type Event = Record<string, unknown> & {
  eventDataId: string
  correlationId: string
  operationName: { value: string }
  status: { value: string }
  resourceId: string
  caller: string
}

async function open(t: TestContext) {
  const lazuli = await openLazuli(t)
  const token = await lazuli.adminToken()
  const from = new Date(lazuli.clock.now() - 60_000).toISOString()
  const group = (name: string) => `${lazuli.subscription}/resourceGroups/${name}`
  const put = (name: string, as = token, headers = {}) =>
    lazuli.request('PUT', `${group(name)}?${groupVersion}`, { token: as, body: { location: 'westus' }, headers })
  const read = async (filter: string, more = '', as = token) => {
    await lazuli.store.flush()
    const query = `api-version=2015-04-01&$filter=${encodeURIComponent(filter)}${more}`
    return lazuli.request(
      'GET',
      `${lazuli.subscription}/providers/Microsoft.Insights/eventtypes/management/values?${query}`,
      { token: as },
    )
  }
  const events = async (filter = '', more = '', as = token) => {
    const response = await read(`eventTimestamp ge '${from}'${filter}`, more, as)
    assert.equal(response.status, 200)
    return ((await response.json()) as { value: Event[] }).value
  }
  return { lazuli, token, from, group, put, read, events }
}

test('a change has an event when it begins and one when it has ended, newest first', async t => {
  const { lazuli, put, events, group } = await open(t)
  const correlation = '11111111-2222-4333-8444-555555555555'
  const response = await put('g', undefined, { 'x-ms-correlation-request-id': correlation })
  const requestId = response.headers.get('x-ms-request-id')
  const [ended, begun, ...others] = await events()
  assert.ok(ended && begun)
  assert.deepEqual(others, [])
  const action = 'Microsoft.Resources/subscriptions/resourceGroups/write'
  const scope = group('g').toLowerCase()
  const { eventDataId, eventTimestamp } = ended
  const named = (value: string, localizedValue = value) => ({ value, localizedValue })
  const ticks = BigInt(Date.parse(String(eventTimestamp))) * 10_000n + 621_355_968_000_000_000n
  assert.deepEqual(ended, {
    authorization: { action, scope },
    caller: lazuli.administrator.clientId,
    channels: 'Operation',
    claims: ended.claims,
    correlationId: correlation,
    description: '',
    eventDataId,
    eventName: named('EndRequest', 'End request'),
    category: named('Administrative'),
    httpRequest: { clientRequestId: requestId, clientIpAddress: '127.0.0.1' },
    id: `${scope}/events/${eventDataId}/ticks/${ticks}`,
    level: 'Informational',
    resourceGroupName: 'g',
    resourceProviderName: named('Microsoft.Resources'),
    resourceId: scope,
    resourceType: named('Microsoft.Resources/subscriptions/resourceGroups'),
    operationId: requestId,
    operationName: named(action),
    properties: { statusCode: 'Created', serviceRequestId: requestId },
    status: named('Succeeded'),
    subStatus: named('Created', 'Created (HTTP Status Code: 201)'),
    eventTimestamp,
    submissionTimestamp: eventTimestamp,
    subscriptionId: lazuli.directory.subscriptionId,
    tenantId: lazuli.directory.tenantId,
  })
  assert.deepEqual([begun.status.value, begun.correlationId], ['Started', correlation])
  assert.notEqual(begun.eventDataId, ended.eventDataId)
})

test('what only reads leaves no event, and a refusal leaves one of failure', async t => {
  const { lazuli, token, put, events, group } = await open(t)
  await lazuli.request('GET', `${group('g')}?${groupVersion}`, { token })
  assert.deepEqual(await events(), [])
  const stranger = await lazuli.principal()
  await put('g', stranger.token)
  const [failed] = await events()
  assert.deepEqual(
    [failed?.status, failed?.level, failed?.properties, failed?.caller],
    [
      { value: 'Failed', localizedValue: 'Failed' },
      'Error',
      { statusCode: 'Forbidden', serviceRequestId: failed?.operationId, statusMessage: 'AuthorizationFailed' },
      stranger.clientId,
    ],
  )
})

test('events can be asked for by group, resource, provider, caller, correlation, status and time', async t => {
  const { lazuli, put, events, read, group, from } = await open(t)
  const someone = await lazuli.principal({ roles: [{ role: 'Contributor', scope: lazuli.subscription }] })
  await put('one')
  await put('two', someone.token)
  const identity = `${group('one')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-id`
  await lazuli.request('PUT', `${identity}?api-version=2023-01-31`, {
    token: someone.token,
    body: { location: 'westus' },
  })
  const [, , two] = await events()
  const count = async (filter: string) => (await events(` and ${filter}`)).length
  assert.equal(await count("resourceGroupName eq 'ONE'"), 4)
  assert.equal(await count(`resourceUri eq '${group('two')}'`), 2)
  assert.equal(await count("resourceProvider eq 'microsoft.resources'"), 4)
  assert.equal(await count("resourceProvider eq 'Microsoft.ManagedIdentity'"), 2)
  assert.equal(await count(`caller eq '${someone.objectId}'`), 4)
  assert.equal(await count(`caller eq '${someone.clientId}'`), 4)
  assert.equal(await count(`correlationId eq '${two?.correlationId}'`), 2)
  assert.equal(await count("status eq 'Succeeded'"), 3)
  assert.equal(await count("eventChannels eq 'Admin, Operation'"), 6)
  assert.equal(await count(`eventTimestamp le '${from}'`), 0)

  for (const filter of ["resourceUri eq '/subscriptions/other/x'", "size eq '1'", "caller ne 'me'"]) {
    const refused = await read(`eventTimestamp ge '${from}' and ${filter}`)
    assert.equal(refused.status, 400, filter)
  }
})

test('a filter must say from when on, and not from before what is kept', async t => {
  const { lazuli, read, from } = await open(t)
  const old = new Date(lazuli.clock.now() - 91 * 86_400_000).toISOString()
  for (const [filter, message] of [
    ["caller eq 'me'", 'The filter must say from when on: eventTimestamp ge a time.'],
    [`eventTimestamp ge '${old}'`, 'The start time cannot be more than 90 day(s) in the past.'],
    ["eventTimestamp ge 'yesterday'", "'yesterday' is not a time."],
    [
      `eventTimestamp ge '${from}' and eventTimestamp le '${old}'`,
      'The start time must not be later than the end time.',
    ],
  ] as const) {
    const response = await read(filter)
    assert.equal(response.status, 400)
    assert.deepEqual(await response.json(), { error: { code: 'BadRequest', message } })
  }
})

test('pages show every event once, and $select shows what is selected of it', async t => {
  const { lazuli, token, put, read, events, from } = await open(t)
  for (const name of ['a', 'b', 'c']) await put(name)
  assert.deepEqual(
    (await events('', '&$select=eventName,status')).map(event => Object.keys(event)),
    Array.from({ length: 6 }, () => ['eventName', 'status']),
  )
  const seen: string[] = []
  let response = await read(`eventTimestamp ge '${from}'`, '&$top=4')
  for (;;) {
    const page = (await response.json()) as { value: Event[]; nextLink?: string }
    seen.push(...page.value.map(({ eventDataId }) => eventDataId))
    if (page.nextLink === undefined) break
    response = await lazuli.request('GET', page.nextLink, { token })
  }
  assert.deepEqual(
    seen,
    (await events()).map(({ eventDataId }) => eventDataId),
  )
  const forged = await read(`eventTimestamp ge '${from}'`, '&$skiptoken=AAAA')
  assert.equal(forged.status, 400)
})

test('a caller sees the events of what it may read', async t => {
  const { lazuli, put, read, events, group, from } = await open(t)
  for (const name of ['mine', 'others']) await put(name)
  const reader = await lazuli.principal({ roles: [{ role: 'Reader', scope: group('mine') }] })
  const seen = await events('', '', reader.token)
  assert.deepEqual(
    seen.map(({ resourceId }) => resourceId),
    [group('mine').toLowerCase(), group('mine').toLowerCase()],
  )
  const stranger = await lazuli.principal()
  assert.equal((await read(`eventTimestamp ge '${from}'`, '', stranger.token)).status, 403)
})
