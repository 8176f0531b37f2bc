import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetadataRequest } from './exchange.ts'
import type { IssueToken } from './identity-token.ts'
import { type MetadataParts, metadataService } from './instance-metadata.ts'
import { tokenRefused } from './refusal.ts'
import { alpha, beta, get, machine, system } from './testing-machine.ts'
import { azureLimits } from './throttle.ts'
import { apiVersions } from './versions.ts'

const now = 1_795_000_000_000
const arm = 'https://management.azure.com/'
const tokenPath = '/metadata/identity/oauth2/token'
const tokenTarget = `${tokenPath}?api-version=2018-02-01&resource=${arm}`

const issueToken: IssueToken = async ({ identity }) => ({
  accessToken: `token of ${identity.clientId}`,
  notBefore: now / 1000 - 300,
  expiresOn: now / 1000 + 86_400,
})

const setUp = (changes: Partial<MetadataParts> = {}) => {
  const reported: unknown[] = []
  const service = metadataService({
    clock: { now: () => now },
    issueToken,
    signAttested: async () => Buffer.from('signed'),
    report: cause => reported.push(cause),
    limits: 'unlimited',
    ...changes,
  })
  const ask = async (request: MetadataRequest | string, of = machine()) => {
    const answer = await service.answer(typeof request === 'string' ? get(request) : request, of)
    return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) }
  }
  return { service, ask, reported }
}

const tokenBody = {
  access_token: `token of ${system.clientId}`,
  client_id: system.clientId,
  refresh_token: '',
  expires_in: '86400',
  expires_on: '1795086400',
  ext_expires_in: '86400',
  not_before: '1794999700',
  resource: arm,
  token_type: 'Bearer',
}

const refused = (text: string) => ({ error: 'invalid_request', error_description: text })
const headerText = 'Required metadata header not specified'
const headerMissing = refused(headerText)
const headerMissingElsewhere = { error: `Bad request: . ${headerText}` }
const newest = { 'newest-versions': ['2025-04-07', '2024-07-17', '2024-03-15'] }
const versionText =
  'Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds'
const versionInvalid = { ...refused(versionText), ...newest }
const versionInvalidElsewhere = { error: versionText, ...newest }
const forwardedText = 'Requests with an X-Forwarded-For header are not allowed'
const notFound = { error: 'Not found' }
const scheduled = { DocumentIncarnation: 1, Events: [] }
const loadBalancer =
  'No load balancer metadata is found. Please check if your VM is using any non-basic SKU load balancer and retry later.'

const cases: [label: string, request: MetadataRequest | string, status: number, body: unknown][] = [
  ['a token request as curl writes it', tokenTarget, 200, tokenBody],
  [
    'a token request as SDKs encode it',
    `${tokenPath}?resource=${encodeURIComponent(arm)}&api-version=2018-02-01`,
    200,
    tokenBody,
  ],
  ['a token request with a slash behind the path', tokenTarget.replace('?', '/?'), 200, tokenBody],
  ['a token request in other letters', tokenTarget.replace('/metadata/', '/METADATA/'), 200, tokenBody],
  ['a token request with an encoded name', tokenTarget.replace('api-version', 'api%2Dversion'), 200, tokenBody],
  ['a token request with Metadata: True', get(tokenTarget, { metadata: 'True' }), 200, tokenBody],
  ['the tenant', '/metadata/identity/info?api-version=2018-02-01', 200, { tenantId: machine().tenantId }],
  ['the versions', '/metadata/versions', 200, { apiVersions }],
  [
    'an attested document',
    '/metadata/attested/document?api-version=2018-10-01',
    200,
    { encoding: 'pkcs7', signature: 'c2lnbmVk' },
  ],
  ['scheduled events', '/metadata/scheduledevents?api-version=2020-07-01', 200, scheduled],
  ['a part of the instance', '/metadata/instance/network/?api-version=2017-08-01', 200, { interface: [] }],
  [
    'a part of the instance in other letters',
    '/Metadata/Instance/network?api-version=2017-08-01',
    200,
    { interface: [] },
  ],

  ['the probe of an SDK: no query, no header', get(tokenPath, {}), 400, headerMissing],
  ['a token request without the header', get(tokenTarget, {}), 400, headerMissing],
  ['a token request with Metadata: false', get(tokenTarget, { metadata: 'false' }), 400, headerMissing],
  ['a token request with an empty header', get(tokenTarget, { metadata: '' }), 400, headerMissing],
  ['a token request with the header twice', get(tokenTarget, { metadata: 'true, true' }), 400, headerMissing],
  ['an instance request without the header', get('/metadata/instance', {}), 400, headerMissingElsewhere],
  ['the versions without the header', get('/metadata/versions', {}), 400, headerMissingElsewhere],

  [
    'a forwarded token request',
    get(tokenTarget, { metadata: 'true', 'x-forwarded-for': '10.0.0.1' }),
    400,
    refused(forwardedText),
  ],
  [
    'a token request that hides who forwarded it',
    get(tokenTarget, { metadata: 'true', 'x-forwarded-for': '' }),
    400,
    refused(forwardedText),
  ],
  [
    'a forwarded instance request',
    get('/metadata/instance', { metadata: 'true', 'x-forwarded-for': '::1' }),
    400,
    { error: forwardedText },
  ],

  ['a token request without a query', tokenPath, 400, versionInvalid],
  ['the tenant without an api-version', '/metadata/identity/info', 400, versionInvalid],
  ['an instance without an api-version', '/metadata/instance', 400, versionInvalidElsewhere],
  ['scheduled events of no version', '/metadata/scheduledevents?api-version=2020-07-02', 400, versionInvalidElsewhere],
  [
    'a token request without a resource',
    `${tokenPath}?api-version=2018-02-01`,
    400,
    refused("Required query variable 'resource' is missing"),
  ],
  [
    'a token request with a name twice',
    `${tokenTarget}&Resource=x`,
    400,
    refused("Query variable 'resource' is specified more than once"),
  ],
  [
    'a token request for an unknown identity',
    `${tokenTarget}&client_id=${beta.clientId}`,
    400,
    refused('Identity not found'),
  ],
  [
    'a token request with 64 KiB of query',
    `${tokenTarget}&x=${'y'.repeat(65_536)}`,
    414,
    refused('The query string is too long'),
  ],
  ['a broken encoding', '/metadata/instance?api-version=%E0%A4', 400, { error: 'The query string is malformed' }],

  ['no load balancer', '/metadata/loadbalancer?api-version=2020-10-01', 404, { error: loadBalancer }],
  ['an unknown identity endpoint', '/metadata/identity/getplatformmetadata?cred-api-version=2.0', 404, notFound],
  ['an unknown identity endpoint without the header', get('/metadata/identity/getPlatformMetadata', {}), 404, notFound],
  ['a credential request of a later protocol', '/metadata/identity/issuecredential', 404, notFound],
  ['the root', '/metadata', 404, notFound],
  ['the root of the server', '/', 404, notFound],
  ['an empty path', '', 404, notFound],
  ['a doubled slash', `/${tokenPath}`, 404, notFound],
  ['two slashes behind', `${tokenPath}//`, 404, notFound],
  ['an encoded slash', '/metadata/identity%2Foauth2/token', 404, notFound],
  ['a way upwards', '/metadata/instance/../identity/oauth2/token', 400, versionInvalidElsewhere],
  ['a NUL in the path', '/metadata/versions\0', 404, notFound],
  ['another service', '/latest/meta-data/', 404, notFound],
]

for (const [label, request, status, body] of cases) {
  test(`${label}: ${status}`, async () => {
    const answer = await setUp().ask(request)
    assert.deepEqual({ status: answer.status, body: answer.body }, { status, body })
    assert.match(answer.headers.server ?? '', /^IMDS\/\d+\.\d+\.\d+\.\d+$/)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  })
}

for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'get', 'CONNECT']) {
  test(`${method} is not allowed, and GET is said to be`, async () => {
    const { ask } = setUp()
    const token = await ask({ ...get(tokenTarget), method })
    const text = `Http method is not allowed: Path = "${tokenPath}", Method = "${method}"`
    assert.deepEqual([token.status, token.headers.allow], [405, 'GET'])
    assert.deepEqual(token.body, refused(text))
    const versions = await ask({ ...get('/metadata/versions'), method })
    assert.equal(versions.status, 405)
    assert.deepEqual(versions.body, { error: text.replace(tokenPath, '/metadata/versions') })
  })
}

test('the twenty-first token request of a second is told when to come back, by a machine of its own', async () => {
  const { service } = setUp({ limits: azureLimits })
  const one = machine()
  const two = { ...one, id: 'ffffffff-74ef-476e-8182-f6d2ba4166a6' }
  for (let at = 0; at < 20; at++) assert.equal((await service.answer(get(tokenTarget), one)).status, 200)
  const late = await service.answer(get(tokenTarget), one)
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '1'])
  assert.deepEqual(JSON.parse(late.body), { error: 'too_many_requests', error_description: 'Too many requests' })
  assert.equal((await service.answer(get(tokenTarget), two)).status, 200)
  assert.equal((await service.answer(get('/metadata/versions'), one)).status, 200)
  service.forget(one.id)
  assert.equal((await service.answer(get(tokenTarget), one)).status, 200)
})

test('the sixth token request in progress is refused, and the five are answered', async () => {
  const held = Promise.withResolvers<void>()
  const { ask } = setUp({ limits: azureLimits, issueToken: async wish => held.promise.then(() => issueToken(wish)) })
  const five = Promise.all([ask(tokenTarget), ask(tokenTarget), ask(tokenTarget), ask(tokenTarget), ask(tokenTarget)])
  assert.equal((await ask(tokenTarget)).status, 429)
  held.resolve()
  assert.deepEqual(
    (await five).map(answer => answer.status),
    [200, 200, 200, 200, 200],
  )
  assert.equal((await ask(tokenTarget)).status, 200)
})

test('other requests are limited to five a second, with a plain error', async () => {
  const { ask } = setUp({ limits: azureLimits })
  for (let at = 0; at < 5; at++) assert.equal((await ask('/metadata/versions')).status, 200)
  const { status, headers, body } = await ask('/metadata/instance?api-version=2021-02-01')
  assert.deepEqual([status, headers['retry-after'], body], [429, '1', { error: 'Too many requests' }])
})

test('requests that are refused count, too', async () => {
  const { ask } = setUp({ limits: azureLimits })
  for (let at = 0; at < 20; at++) assert.equal((await ask(get(tokenPath, {}))).status, 400)
  assert.equal((await ask(tokenTarget)).status, 429)
})

test('what the authority refuses reaches the client in its words', async () => {
  const text = 'AADSTS500011: The resource principal named https://nowhere/ was not found in the tenant named t.'
  const { ask, reported } = setUp({ issueToken: () => Promise.reject(tokenRefused(400, 'invalid_resource', text)) })
  const { status, body } = await ask(tokenTarget)
  assert.deepEqual([status, body, reported], [400, { error: 'invalid_resource', error_description: text }, []])
})

test('a failure of the authority is a 500 that keeps the cause to the log', async () => {
  const cause = new Error('database is locked: /var/lib/secret')
  const { ask, reported } = setUp({ issueToken: () => Promise.reject(cause) })
  const { status, body } = await ask(tokenTarget)
  const text = 'Failed to retrieve token from the Active directory'
  assert.deepEqual([status, body, reported], [500, { error: 'unknown', error_description: text }, [cause]])
})

test('a failure to sign an attested document is a 500 that keeps the cause to the log', async () => {
  const cause = new Error('no key')
  const { ask, reported } = setUp({ signAttested: () => Promise.reject(cause) })
  const { status, body } = await ask('/metadata/attested/document?api-version=2018-10-01')
  assert.deepEqual([status, body, reported], [500, { error: 'Internal service error' }, [cause]])
})

test('a machine with two user-assigned identities and no selector is told to choose', async () => {
  const { ask } = setUp()
  const { status, body } = await ask(tokenTarget, machine({ identities: { userAssigned: [alpha, beta] } }))
  const text =
    'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request'
  assert.deepEqual([status, body], [400, refused(text)])
})

test('headers are asked for in lower case', async () => {
  const asked = new Set<string>()
  const headers = (name: string) => (asked.add(name).has(name) && name === 'metadata' ? 'true' : undefined)
  assert.equal((await setUp().ask({ ...get(tokenTarget), headers })).status, 200)
  assert.deepEqual([...asked].sort(), ['metadata', 'x-forwarded-for'])
})

test('whoever acts as an identity alone gets its token, and finds no machine around it', async () => {
  const { instance: _instance, ...rest } = machine({ identities: { userAssigned: [alpha] } })
  const { ask } = setUp()
  const token = await ask(tokenTarget, rest)
  assert.deepEqual([token.status, token.body.access_token], [200, `token of ${alpha.clientId}`])
  for (const path of ['instance?api-version=2021-02-01', 'attested/document?api-version=2021-02-01']) {
    const answer = await ask(`/metadata/${path}`, rest)
    assert.deepEqual([answer.status, answer.body], [404, { error: 'Not found' }])
  }
})
