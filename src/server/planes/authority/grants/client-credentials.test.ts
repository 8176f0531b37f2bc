import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretVerifier } from '../../../directory/credentials.ts'
import { armScope, azureCli, openAuthority } from '../testing.ts'

test('an application with its secret gets a token that an independent verifier accepts and that opens the resource manager', async t => {
  const lazuli = await openAuthority(t)
  const { administrator, directory } = lazuli
  const form = {
    grant_type: 'client_credentials',
    client_id: administrator.clientId,
    client_secret: administrator.clientSecret,
    scope: armScope,
  }
  const { status, headers, body } = await lazuli.ask(form)
  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  const { access_token, ...rest } = body
  assert.equal(rest.token_type, 'Bearer')
  assert.ok(rest.expires_in === 3599 || rest.expires_in === 3600)
  assert.equal(rest.ext_expires_in, rest.expires_in)
  assert.deepEqual(Object.keys(rest).sort(), ['expires_in', 'ext_expires_in', 'token_type'])

  const issuer = `https://sts.windows.net/${directory.tenantId}/`
  const claims = await lazuli.verified(access_token, { audience: 'https://management.azure.com', issuer })
  assert.partialDeepStrictEqual(claims, {
    appid: administrator.clientId,
    appidacr: '1',
    idp: issuer,
    idtyp: 'app',
    tid: directory.tenantId,
    ver: '1.0',
    sub: claims.oid as string,
  })
  assert.equal(claims.nbf, claims.iat)
  assert.equal(Number(claims.exp) - Number(claims.iat), 3900)
  const opened = await lazuli.request('GET', '/providers/Lazuli.Server/status', { token: String(access_token) })
  assert.equal(opened.status, 200)
})

test('version 1 names a resource, keeps its trailing slash, and answers in strings', async t => {
  const lazuli = await openAuthority(t)
  const { administrator, directory } = lazuli
  const resource = 'https://management.core.windows.net/'
  const { body } = await lazuli.ask(
    {
      grant_type: 'client_credentials',
      client_id: administrator.clientId,
      client_secret: administrator.clientSecret,
      resource,
    },
    { path: `/${directory.tenantId}/oauth2/token` },
  )
  const { access_token, expires_in, ext_expires_in, ...rest } = body
  const claims = await lazuli.verified(access_token, { audience: resource })
  assert.deepEqual(rest, {
    token_type: 'Bearer',
    expires_on: String(claims.exp),
    not_before: String(claims.nbf),
    resource,
  })
  assert.match(String(expires_in), /^3(599|600)$/)
  assert.equal(ext_expires_in, expires_in)
})

const scopes: [scope: string, audience: string | undefined, error?: string][] = [
  ['https://management.azure.com/.default', 'https://management.azure.com'],
  ['https://management.core.windows.net//.default', 'https://management.core.windows.net/'],
  ['https://vault.azure.net/.default', 'https://vault.azure.net'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013/.default', '797f4846-ba00-4fd7-ba43-dac1f8f63013'],
  ['https://localhost:4443/.default', 'https://localhost:4443'],
  ['https://management.azure.com', undefined, 'AADSTS1002012'],
  ['https://management.azure.com/user_impersonation', undefined, 'AADSTS1002012'],
  ['/.default', undefined, 'AADSTS1002012'],
  ['https://management.azure.com/.default https://vault.azure.net/.default', undefined, 'AADSTS1002012'],
  ['https://nobody.example/.default', undefined, 'AADSTS500011'],
  ['', undefined, 'AADSTS900144'],
]

test('a scope is one resource and /.default: exactly that suffix goes, the rest is the audience', async t => {
  const lazuli = await openAuthority(t)
  const { clientId: client_id, clientSecret: client_secret } = lazuli.administrator
  for (const [scope, audience, error] of scopes) {
    const { status, body } = await lazuli.ask({ grant_type: 'client_credentials', client_id, client_secret, scope })
    assert.equal(status, audience === undefined ? 400 : 200, scope)
    if (audience !== undefined) assert.equal((await lazuli.verified(body.access_token)).aud, audience)
    else
      assert.match(String(body.error_description), new RegExp(`^${error}: The `), `${scope}: ${body.error_description}`)
  }
})

test('a registered application is an audience, by its id and by its names', async t => {
  const lazuli = await openAuthority(t)
  const { clientId } = await lazuli.application({ body: { identifierUris: ['https://api.example/things'] } })
  const { clientId: client_id, clientSecret: client_secret } = lazuli.administrator
  for (const audience of [clientId, `api://${clientId}`, 'https://api.example/things']) {
    const form = { grant_type: 'client_credentials', client_id, client_secret, scope: `${audience}/.default` }
    const { body } = await lazuli.ask(form)
    assert.equal((await lazuli.verified(body.access_token)).aud, audience)
  }
})

test('every spelling of the tenant, adfs included, leads to the same authority; any other is not found', async t => {
  const lazuli = await openAuthority(t)
  const { directory, administrator } = lazuli
  const form = {
    grant_type: 'client_credentials',
    client_id: administrator.clientId,
    client_secret: administrator.clientSecret,
    scope: armScope,
  }
  for (const tenant of [directory.tenantId, directory.tenantDomain.toUpperCase(), 'common', 'organizations']) {
    assert.equal((await lazuli.ask(form, { path: `/${tenant}/oauth2/v2.0/token` })).status, 200, tenant)
  }
  const adfs = await lazuli.ask(form, { path: '/adfs/oauth2/token', origin: 'https://localhost:4443' })
  assert.equal(typeof adfs.body.expires_in, 'number')
  const other = await lazuli.ask(form, { path: '/contoso.example/oauth2/v2.0/token' })
  assert.equal(other.status, 400)
  assert.partialDeepStrictEqual(other.body, { error: 'invalid_request', error_codes: [90002] })
})

test('a refusal has every member that client libraries read, and names the call', async t => {
  const lazuli = await openAuthority(t)
  const correlation = '11111111-2222-3333-4444-555555555555'
  const form = { grant_type: 'client_credentials', client_id: lazuli.administrator.clientId, scope: armScope }
  const { status, headers, body } = await lazuli.ask(
    { ...form, client_secret: 'wrong' },
    { headers: { 'client-request-id': correlation } },
  )
  assert.equal(status, 401)
  assert.equal(headers.get('www-authenticate'), 'Basic realm="authority"')
  const { error_description, timestamp, trace_id, ...rest } = body
  assert.deepEqual(rest, {
    error: 'invalid_client',
    error_codes: [7000215],
    correlation_id: correlation,
    error_uri: 'https://login.microsoftonline.com/error?code=7000215',
  })
  assert.equal(trace_id, headers.get('x-ms-request-id'))
  assert.equal(
    error_description,
    `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${form.client_id}'. Trace ID: ${trace_id} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
  )
  assert.match(String(timestamp), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
})

test('a client may name itself in a Basic header, form-encoded inside', async t => {
  const lazuli = await openAuthority(t)
  const { clientId, objectId } = await lazuli.application()
  await lazuli.credential(objectId, { kind: 'secret', verifier: secretVerifier('a:b+c%d &é') })
  const inside = `${clientId}:${encodeURIComponent('a:b+c%d &é')}`
  const authorization = `Basic ${Buffer.from(inside).toString('base64')}`
  const { status } = await lazuli.ask(
    { grant_type: 'client_credentials', scope: armScope },
    { headers: { authorization } },
  )
  assert.equal(status, 200)
})

test('who cannot be told to be a known application with a good secret gets the refusal for exactly that', async t => {
  const lazuli = await openAuthority(t)
  const registered = await lazuli.application()
  const { objectId } = registered
  const later = lazuli.clock.now() + 60_000
  await lazuli.credential(objectId, { kind: 'secret', verifier: secretVerifier('old'), expiresAt: 1 })
  await lazuli.credential(objectId, { kind: 'secret', verifier: secretVerifier('early'), startsAt: later })
  const loose = await lazuli.application({ withoutServicePrincipal: true })
  await lazuli.credential(loose.objectId, { kind: 'secret', verifier: secretVerifier('good') })

  const cases: [form: Record<string, string>, status: number, code: number][] = [
    [{}, 400, 900144],
    [{ client_id: crypto.randomUUID(), client_secret: 'x' }, 400, 700016],
    [{ client_id: 'constructor' }, 400, 700016],
    [{ client_id: registered.clientId }, 401, 7000218],
    [{ client_id: registered.clientId, client_secret: 'x' }, 401, 7000215],
    [{ client_id: registered.clientId, client_secret: 'old' }, 401, 7000222],
    [{ client_id: registered.clientId, client_secret: 'early' }, 401, 7000222],
    [{ client_id: loose.clientId, client_secret: 'good' }, 400, 7000229],
    [{ client_id: azureCli, client_secret: 'x' }, 401, 700025],
    [{ client_id: azureCli }, 401, 7000218],
    [{ client_id: registered.clientId, client_secret: 'x', client_assertion: 'y' }, 400, 9002313],
  ]
  for (const [form, status, code] of cases) {
    const answer = await lazuli.ask({ grant_type: 'client_credentials', scope: armScope, ...form })
    assert.deepEqual([answer.status, answer.body.error_codes], [status, [code]], JSON.stringify(form))
  }
  assert.deepEqual((await lazuli.ask({ grant_type: 'implicit' })).body.error, 'unsupported_grant_type')
  assert.deepEqual((await lazuli.ask({ grant_type: '__proto__' })).body.error, 'unsupported_grant_type')
  assert.deepEqual((await lazuli.ask({})).body.error_codes, [900144])
})

test('the audit log says who signed in, who was refused and why', async t => {
  const lazuli = await openAuthority(t)
  const { clientId: client_id, clientSecret } = lazuli.administrator
  const form = { grant_type: 'client_credentials', client_id, scope: armScope }
  const good = await lazuli.ask({ ...form, client_secret: clientSecret })
  await lazuli.ask({ ...form, client_secret: 'wrong' }, { address: '192.0.2.7' })
  const { oid } = await lazuli.verified(good.body.access_token)

  const rows = (await lazuli.auditRows()).filter(row => row.operation === 'authority/token')
  assert.partialDeepStrictEqual(rows, [
    {
      caller: 'anonymous',
      caller_name: client_id,
      outcome: 'Denied',
      status: 401,
      detail: 'AADSTS7000215',
      source_address: '192.0.2.7',
    },
    { outcome: 'Accepted', caller: 'anonymous' },
    { caller: oid, caller_name: client_id, outcome: 'Succeeded', status: 200 },
    { outcome: 'Accepted', caller: 'anonymous' },
  ])
})
