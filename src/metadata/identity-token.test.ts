import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IssuedToken, type IssueToken, identityTokens, tokenWish } from './identity-token.ts'
import type { Machine } from './machine.ts'
import { parseQuery } from './query.ts'
import { tokenRefused } from './refusal.ts'
import { alpha, beta, machine, system } from './testing-machine.ts'

const startSec = 1_795_000_000
const arm = 'https://management.azure.com/'

/** An issuer like the authority: numbered tokens, back-dated by five minutes, and a list of what was asked. */
const setUp = ({ lifetimeSec = 86_400 } = {}) => {
  const clock = { sec: startSec, now: () => clock.sec * 1000 + 999 }
  const asked: Parameters<IssueToken>[0][] = []
  const tokens = identityTokens({
    clock,
    async issueToken(wish) {
      asked.push(wish)
      return { accessToken: `token-${asked.length}`, notBefore: clock.sec - 300, expiresOn: clock.sec + lifetimeSec }
    },
  })
  const ask = async (of: Machine = machine(), query = '') => {
    const wish = tokenWish(parseQuery(`api-version=2018-02-01&resource=${arm}${query}`))
    return JSON.parse((await tokens.answer(wish, of)).body) as Record<string, string>
  }
  return { clock, asked, tokens, ask }
}

test('a token response has every field of both documented forms, each a string', async () => {
  const { ask, asked } = setUp()
  assert.deepEqual(await ask(), {
    access_token: 'token-1',
    client_id: system.clientId,
    refresh_token: '',
    expires_in: '86400',
    expires_on: String(startSec + 86_400),
    ext_expires_in: '86400',
    not_before: String(startSec - 300),
    resource: arm,
    token_type: 'Bearer',
  })
  const of = machine()
  assert.deepEqual(asked, [{ machine: of, identity: { ...system, resourceId: of.resourceId }, resource: arm }])
})

test('a later answer has the same token and counts expires_in from its own moment', async () => {
  const { ask, clock, asked } = setUp()
  const first = await ask()
  clock.sec += 3600
  assert.deepEqual(await ask(), { ...first, expires_in: '82800', ext_expires_in: '82800' })
  assert.equal(asked.length, 1)
})

test('a token is handed out until five minutes before its end, and then a new one', async () => {
  const { ask, clock } = setUp()
  await ask()
  clock.sec = startSec + 86_400 - 301
  assert.equal((await ask()).access_token, 'token-1')
  clock.sec += 1
  const renewed = await ask()
  assert.equal(renewed.access_token, 'token-2')
  assert.equal(renewed.expires_in, '86400')
})

test('a token that lives shorter than five minutes is handed out, but only once', async () => {
  const { ask } = setUp({ lifetimeSec: 200 })
  assert.equal((await ask()).expires_in, '200')
  assert.equal((await ask()).access_token, 'token-2')
})

test('a clock that was set back before a token became valid brings a new token', async () => {
  const { ask, clock } = setUp()
  await ask()
  clock.sec -= 301
  assert.equal((await ask()).access_token, 'token-2')
})

test('tokens differ by machine, identity and resource, and the resource is echoed as it was asked', async () => {
  const { ask, tokens } = setUp()
  const both = machine({ identities: { userAssigned: [alpha, beta] } })
  const other = { ...both, id: 'ffffffff-74ef-476e-8182-f6d2ba4166a6' }
  const slashless = tokenWish(parseQuery('api-version=2018-02-01&resource=https://management.azure.com'))
  const answers = [
    await ask(both, `&client_id=${alpha.clientId}`),
    await ask(both, `&client_id=${beta.clientId}`),
    await ask(other, `&client_id=${beta.clientId}`),
    JSON.parse((await tokens.answer(slashless, machine())).body),
    await ask(both, `&object_id=${alpha.principalId}`),
  ]
  assert.deepEqual(
    answers.map(answer => [answer.access_token, answer.client_id, answer.resource]),
    [
      ['token-1', alpha.clientId, arm],
      ['token-2', beta.clientId, arm],
      ['token-3', beta.clientId, arm],
      ['token-4', system.clientId, 'https://management.azure.com'],
      ['token-1', alpha.clientId, arm],
    ],
  )
})

test('a resource with quotes and backslashes is echoed as valid JSON', async () => {
  const { tokens } = setUp()
  const resource = 'api://"\\</script>é'
  const wish = tokenWish(parseQuery(`api-version=2018-02-01&resource=${encodeURIComponent(resource)}`))
  assert.equal(JSON.parse((await tokens.answer(wish, machine())).body).resource, resource)
})

test('an identity that was taken from the machine is gone at once, although its token is cached', async () => {
  const { ask } = setUp()
  await ask()
  await assert.rejects(ask(machine({ identities: { userAssigned: [] } })), { message: 'Identity not found' })
})

test('an identity that was made anew never gets the token of the old one', async () => {
  const { ask } = setUp()
  await ask(machine({ identities: { userAssigned: [alpha] } }))
  const again = { ...alpha, principalId: 'a1fa0000-0000-4000-8000-00000000000f' }
  assert.equal((await ask(machine({ identities: { userAssigned: [again] } }))).access_token, 'token-2')
})

test('bypass_cache brings a new token, which then serves those who do not ask for one', async () => {
  const { ask } = setUp()
  await ask()
  assert.equal((await ask(machine(), '&bypass_cache=true')).access_token, 'token-2')
  assert.equal((await ask()).access_token, 'token-2')
})

/** An issuer whose answers come when the test says so. */
const heldBack = () => {
  const issues: PromiseWithResolvers<IssuedToken>[] = []
  const tokens = identityTokens({
    clock: { now: () => startSec * 1000 },
    issueToken: () => {
      const issue = Promise.withResolvers<IssuedToken>()
      issues.push(issue)
      return issue.promise
    },
  })
  const answer = (query = '') =>
    tokens
      .answer(tokenWish(parseQuery(`api-version=2018-02-01&resource=${arm}${query}`)), machine())
      .then(({ body }) => JSON.parse(body).access_token as string)
  const finish = (at: number, accessToken: string) =>
    issues[at]?.resolve({ accessToken, notBefore: startSec - 300, expiresOn: startSec + 86_400 })
  return { tokens, issues, answer, finish, started: () => new Promise(setImmediate) }
}

test('requests for the same token at the same time share one issue', async () => {
  const { issues, answer, finish, started } = heldBack()
  const answers = Promise.all([answer(), answer(), answer()])
  await started()
  assert.equal(issues.length, 1)
  finish(0, 'shared')
  assert.deepEqual(await answers, ['shared', 'shared', 'shared'])
})

test('bypass_cache does not share an issue that began before it, and its token is the one that stays', async () => {
  const { issues, answer, finish, started } = heldBack()
  const before = answer()
  const bypassing = answer('&bypass_cache=true')
  await started()
  assert.equal(issues.length, 2)
  finish(1, 'newer')
  assert.equal(await bypassing, 'newer')
  finish(0, 'older')
  assert.equal(await before, 'older')
  assert.equal(await answer(), 'newer')
})

test('a failure reaches all who share it and is not remembered', async () => {
  const { issues, answer, finish, started } = heldBack()
  const answers = Promise.allSettled([answer(), answer()])
  await started()
  const refusal = tokenRefused(400, 'invalid_resource', 'AADSTS500011: The resource principal was not found.')
  issues[0]?.reject(refusal)
  assert.deepEqual(
    (await answers).map(outcome => outcome.status === 'rejected' && outcome.reason),
    [refusal, refusal],
  )
  const again = answer()
  await started()
  finish(1, 'token')
  assert.equal(await again, 'token')
})

test('an issuer that throws before it has anything to wait for fails the request, not the process', async () => {
  const cause = new Error('not open')
  const tokens = identityTokens({
    clock: { now: () => startSec * 1000 },
    issueToken: () => {
      throw cause
    },
  })
  const wish = tokenWish(parseQuery(`api-version=2018-02-01&resource=${arm}`))
  await assert.rejects(tokens.answer(wish, machine()), cause)
})

test('a forgotten machine has no cached token, not even one that was on its way', async () => {
  const { tokens, issues, answer, finish, started } = heldBack()
  const onItsWay = answer()
  await started()
  tokens.forget(machine().id)
  finish(0, 'old')
  assert.equal(await onItsWay, 'old')
  const next = answer()
  await started()
  assert.equal(issues.length, 2)
  finish(1, 'new')
  assert.equal(await next, 'new')
  tokens.forget(machine().id)
  void answer()
  await started()
  assert.equal(issues.length, 3)
})

const refusals: [label: string, query: string, message: string][] = [
  ['without an api-version', `resource=${arm}`, 'Bad request. api-version is invalid or was not specified'],
  ['with an unknown api-version', `api-version=2018-02-02&resource=${arm}`, 'Bad request. api-version is invalid'],
  ['with an api-version older than identities', `api-version=2017-12-01&resource=${arm}`, 'Bad request. api-version'],
  ['without a resource', 'api-version=2018-02-01', "Required query variable 'resource' is missing"],
  ['with an empty resource', 'api-version=2018-02-01&resource=', "Required query variable 'resource' is missing"],
  [
    'with bypass_cache=false',
    `api-version=2018-02-01&resource=${arm}&bypass_cache=false`,
    "Query variable 'bypass_cache'",
  ],
]

for (const [label, query, message] of refusals) {
  test(`a token request ${label} is refused`, () => {
    assert.throws(
      () => tokenWish(parseQuery(query)),
      (error: unknown) => error instanceof Error && error.message.startsWith(message),
    )
  })
}

test('an authority and variables that nobody knows are accepted', () => {
  const query = `api-version=2025-04-07&resource=${arm}&authority=https://login.microsoftonline.com/&later=1`
  assert.deepEqual(tokenWish(parseQuery(query)), { resource: arm, selector: undefined, bypassCache: false })
})
