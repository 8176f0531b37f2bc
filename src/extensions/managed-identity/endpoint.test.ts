import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AskMetadata, answer, type EndpointRequest } from './endpoint.ts'

const token = {
  access_token: 'eyJ0',
  client_id: 'c9c0a7ae-6a3c-4b3c-8d4e-1f2a3b4c5d6e',
  refresh_token: '',
  expires_in: '86399',
  ext_expires_in: '86399',
  expires_on: '1504130527',
  not_before: '1504126627',
  resource: 'https://management.azure.com/',
  token_type: 'Bearer',
}

type Sent = Partial<Omit<EndpointRequest, 'headers'>> & { readonly headers?: Readonly<Record<string, string>> }

/** One request, and what the metadata service was asked because of it. */
async function send({ headers = {}, ...sent }: Sent, ask: AskMetadata = async () => given(200, token)) {
  const asked: string[] = []
  const all: Record<string, string> = { host: 'localhost:50342', metadata: 'true', ...headers }
  const request = { method: 'POST', path: '/oauth2/token', query: '', body: '', ...sent }
  const { status, body, ...rest } = await answer({ ...request, headers: name => all[name] }, path => {
    asked.push(path)
    return ask(path)
  })
  return { status, body: JSON.parse(body), text: body, headers: rest.headers, asked }
}

const given = (status: number, value: unknown) => ({ status, headers: {}, body: JSON.stringify(value) })

const askedFor = (query: string) => [`/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`]

test('a form is answered with the fields that the endpoint has always had, in their order', async () => {
  const { status, text, asked } = await send({ body: 'resource=https://management.azure.com/' })
  assert.equal(status, 200)
  assert.equal(
    text,
    '{"access_token":"eyJ0","refresh_token":"","expires_in":"86399","expires_on":"1504130527","not_before":"1504126627","resource":"https://management.azure.com/","token_type":"Bearer"}',
  )
  assert.deepEqual(asked, askedFor('resource=https%3A%2F%2Fmanagement.azure.com%2F'))
})

test('a query says the same as a form, and the version of the metadata service is ours', async () => {
  const { status, asked } = await send({ method: 'GET', query: 'resource=r&api-version=2017-09-01' })
  assert.equal(status, 200)
  assert.deepEqual(asked, askedFor('resource=r'))
})

test('the identity can be named in each of the three ways', async () => {
  for (const selector of ['client_id=a', 'object_id=b', 'msi_res_id=%2Fsubscriptions%2Fc']) {
    assert.deepEqual((await send({ body: `resource=r&${selector}` })).asked, askedFor(`resource=r&${selector}`))
  }
})

test('a value is passed on as one value, whatever it contains', async () => {
  const { asked } = await send({ body: 'resource=a%26client_id%3Db%23c+d' })
  assert.deepEqual(asked, askedFor('resource=a%26client_id%3Db%23c+d'))
})

test('what is not asked for as it must be is refused without asking the metadata service', async () => {
  const cases: [sent: Sent, status: number, error: string, description: RegExp][] = [
    [{ headers: { metadata: 'yes' } }, 400, 'invalid_request', /^Required metadata header not specified$/],
    [{ headers: { metadata: '' } }, 400, 'invalid_request', /^Required metadata header not specified$/],
    [{ headers: { 'x-forwarded-for': '' } }, 400, 'invalid_request', /X-Forwarded-For/],
    [{ path: '/' }, 401, 'unknown_source', /^Unknown Source \/$/],
    [{ path: '/oauth2/tokens' }, 401, 'unknown_source', /^Unknown Source \/oauth2\/tokens$/],
    [{ headers: { host: 'evil.example:50342' } }, 401, 'unknown_source', /^Unknown Source/],
    [{ headers: { host: 'localhost.evil.example' } }, 401, 'unknown_source', /^Unknown Source/],
    [{ method: 'PUT' }, 405, 'invalid_request', /PUT/],
    [{ query: 'resource=a', body: 'resource=b' }, 400, 'invalid_request', /'resource' is specified more than once/],
    [{ body: 'resource=%zz' }, 400, 'invalid_request', /malformed/],
    [{ body: 'resource=a%0d%0aHost:b' }, 400, 'invalid_request', /malformed/],
    [{ body: `resource=${'a'.repeat(9000)}` }, 414, 'invalid_request', /too long/],
  ]
  for (const [sent, status, error, description] of cases) {
    const refused = await send({ body: 'resource=r', ...sent })
    assert.equal(refused.status, status, JSON.stringify(sent))
    assert.equal(refused.body.error, error, JSON.stringify(sent))
    assert.match(refused.body.error_description, description)
    assert.deepEqual(refused.asked, [])
  }
})

test('the header and the path are understood in the spellings that clients use', async () => {
  for (const sent of [
    { headers: { metadata: 'True' } },
    { path: '/oauth2/token/' },
    { headers: { host: '[::1]:50342' } },
  ])
    assert.equal((await send({ body: 'resource=r', ...sent })).status, 200)
})

test('what the metadata service refuses is refused in its words', async () => {
  const refusal = { error: 'invalid_request', error_description: 'Identity not found' }
  const { status, body } = await send({ body: 'resource=r' }, async () => given(400, refusal))
  assert.deepEqual([status, body], [400, refusal])
})

test('a metadata service that is away, or that says nonsense, is a failure that clients know', async () => {
  const away: AskMetadata = () => Promise.reject(new Error('connect ECONNREFUSED'))
  const nonsense: AskMetadata = async () => ({ status: 200, headers: {}, body: '<html>' })
  for (const ask of [away, nonsense]) {
    const { status, body } = await send({ body: 'resource=r' }, ask)
    assert.deepEqual(
      [status, body],
      [500, { error: 'unknown', error_description: 'Failed to retrieve token from the Active directory' }],
    )
  }
})
