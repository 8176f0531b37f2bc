import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type Answer, startLazuli } from '../start.ts'
import { expect, newGroup, newIdentity, newVault, unique } from './arrange.ts'
import { claimsOf } from './curl.ts'
import { lakeAudience, newLake } from './data-lake.ts'
import { type Forgery, forgeries, type Published } from './forgeries.ts'
import { newAccount } from './storage.ts'

/** Where tokens open something. A new plane gets a line here, and the whole matrix with it. */
type Plane = {
  readonly name: string
  readonly audience: string
  /** A request that succeeds with a token of the administrator. */
  present(token: string): Promise<Answer>
  /** Whether an answer is how it says no. */
  readonly isRefusal: (answer: Answer) => boolean
}

const lazuli = await startLazuli({ after })
const group = await newGroup(lazuli)
const identity = await newIdentity(lazuli, group)
const vault = await newVault(lazuli, group)
const lake = await newLake(lazuli, group)
const account = await newAccount(lazuli, group)

const isChallenge =
  (code: RegExp) =>
  ({ status, headers, body }: Answer) =>
    status === 401 && code.test(body.error.code) && /^Bearer /.test(String(headers['www-authenticate']))

const planes: readonly Plane[] = [
  {
    name: 'the resource manager',
    audience: 'https://management.azure.com',
    present: token => lazuli.arm('GET', '/subscriptions?api-version=2022-12-01', { token }),
    isRefusal: isChallenge(/^(InvalidAuthenticationToken(Audience|Tenant)?|ExpiredAuthenticationToken)$/),
  },
  {
    name: 'the directory',
    audience: 'https://graph.microsoft.com',
    present: token => lazuli.arm('GET', '/graph/v1.0/organization', { token }),
    isRefusal: isChallenge(/^InvalidAuthenticationToken$/),
  },
  {
    name: 'a vault',
    audience: 'https://vault.azure.net',
    present: token =>
      lazuli.arm('GET', '/keys?api-version=7.4', { token, headers: { host: `${vault}.vault.azure.net` } }),
    isRefusal: isChallenge(/^Unauthorized$/),
  },
  {
    name: 'the file system of a data lake',
    audience: lakeAudience,
    present: token => lake.ask('GET', '/', 'LISTSTATUS', { token }),
    isRefusal: ({ status, body, headers }) =>
      status === 401 &&
      body.RemoteException.exception === 'SecurityException' &&
      /^Bearer /.test(String(headers['www-authenticate'])),
  },
  {
    name: 'the blob service of an account',
    audience: 'https://storage.azure.com',
    present: token =>
      lazuli.arm('GET', '/?comp=list', {
        token,
        headers: { host: `${account.name}.blob.core.windows.net`, 'x-ms-version': '2021-06-08' },
      }),
    isRefusal: ({ status, headers }) =>
      status === 401 &&
      headers['x-ms-error-code'] === 'InvalidAuthenticationInfo' &&
      /^Bearer /.test(String(headers['www-authenticate'])),
  },
  {
    name: 'the authority, which takes tokens for credentials',
    audience: 'api://AzureADTokenExchange',
    present: token => exchangeToken(token),
    isRefusal: ({ status, body }) => [400, 401].includes(status) && /^AADSTS\d+: /.test(body.error_description),
  },
]

const tenant = lazuli.env.tenantId
const form = (fields: Record<string, string>) =>
  lazuli.arm('POST', `/${tenant}/oauth2/v2.0/token`, {
    token: false,
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })

const exchangeToken = (token: string) =>
  form({
    grant_type: 'client_credentials',
    client_id: identity.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: token,
    scope: 'https://management.azure.com/.default',
  })

await expect(
  201,
  lazuli.arm('PUT', `${identity.id}/federatedIdentityCredentials/${unique('administrator')}?api-version=2023-01-31`, {
    body: {
      properties: {
        issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
        subject: claimsOf(await lazuli.token()).sub,
        audiences: ['api://AzureADTokenExchange'],
      },
    },
  }),
)

/** Where a verifier would fetch a key from that believes what a header says. */
const fetched: string[] = []
const trap = createServer((request, response) => {
  fetched.push(request.url ?? '')
  response.end('{}')
}).listen(0, '127.0.0.1')
await once(trap, 'listening')
after(() => trap.close())

async function published(token: string): Promise<Published> {
  const { keys } = await expect<{ keys: Published[] }>(
    200,
    lazuli.arm('GET', `/${tenant}/discovery/keys`, { token: false }),
  )
  const { kid } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
  const found = keys.find(key => key.kid === kid)
  assert.ok(found)
  return found
}

/** What our own authority issues for other purposes, and what another Lazuli issues for this one. */
async function misused(plane: Plane): Promise<Forgery[]> {
  const { username, password } = lazuli.env.admin
  const person = await expect(
    200,
    form({
      grant_type: 'password',
      // The command line of Azure, a public client.
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      username,
      password,
      scope: 'https://management.azure.com/.default openid profile offline_access',
    }),
  )
  assert.ok(person.id_token && person.refresh_token)
  const otherAudiences = planes.map(({ audience }) => audience)
  return [
    ['an id token', person.id_token],
    ['a refresh token', person.refresh_token],
    ...(await Promise.all(
      otherAudiences
        .filter(audience => audience !== plane.audience)
        .map(async (audience): Promise<Forgery> => [`a token for ${audience}`, await lazuli.token(audience)]),
    )),
  ]
}

for (const plane of planes) {
  test(`${plane.name} refuses every token that is not its own authority’s word`, async () => {
    const genuine = await lazuli.token(plane.audience)
    const works = async () => assert.equal((await plane.present(genuine)).status, 200)
    await works()
    const address = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`
    const all = [
      ...(await forgeries({
        genuine,
        published: await published(genuine),
        someoneElse: identity.principalId,
        trap: address,
      })),
      ...(await misused(plane)),
    ]
    const believed: string[] = []
    for (const [name, token] of all) {
      const answer = await plane.present(token)
      if (!plane.isRefusal(answer)) believed.push(`${name}: ${JSON.stringify(answer)}`)
    }
    assert.deepEqual(believed, [])
    assert.ok(all.length > 100)
    assert.deepEqual(fetched, [], 'nobody fetches the key that a token names')
    await works()
  })
}

test('a token of another Lazuli opens nothing here', async t => {
  const other = await startLazuli(t)
  for (const plane of planes) {
    const answer = await plane.present(await other.token(plane.audience))
    assert.ok(plane.isRefusal(answer), JSON.stringify(answer))
  }
})

test('a token is good from its begin to its end', async t => {
  const shifted = await startLazuli(t)
  const token = await shifted.token()
  const ask = () => shifted.arm('GET', '/subscriptions?api-version=2022-12-01', { token })
  const clock = async (shift: string) => {
    const { exitCode, stderr } = await shifted.command(['clock', '--', shift])
    assert.equal(exitCode, 0, stderr)
  }
  assert.equal((await ask()).status, 200)

  await clock('+2h')
  const late = await ask()
  assert.deepEqual([late.status, late.body.error.code], [401, 'ExpiredAuthenticationToken'])
  await clock('-1d')
  const early = await ask()
  assert.deepEqual([early.status, early.body.error.code], [401, 'InvalidAuthenticationToken'])
})

test('a request without a usable Authorization header is told that it has none', async () => {
  const path = '/subscriptions?api-version=2022-12-01'
  for (const authorization of ['Bearer', 'Bearer ', 'Basic YTpi', 'Negotiate abc', 'bearer', '']) {
    const { status, body, headers } = await lazuli.arm('GET', path, { token: false, headers: { authorization } })
    assert.deepEqual([authorization, status, body.error.code], [authorization, 401, 'AuthenticationFailed'])
    assert.match(String(headers['www-authenticate']), new RegExp(`^Bearer authorization_uri="https://[^"]+/${tenant}"`))
  }
})
