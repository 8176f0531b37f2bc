import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAuthority } from './testing.ts'

test('the discovery document names our endpoints under the host and the tenant that were asked for', async t => {
  const lazuli = await openAuthority(t)
  const { tenantId } = lazuli.directory
  const cases: [origin: string, path: string, expected: Record<string, string>][] = [
    [
      'https://login.microsoftonline.com',
      `/${tenantId}/v2.0/.well-known/openid-configuration`,
      {
        issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
        authorization_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/authorize`,
        token_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
        device_authorization_endpoint: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/devicecode`,
        jwks_uri: `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
      },
    ],
    [
      'https://localhost:4443',
      '/organizations/.well-known/openid-configuration',
      {
        issuer: `https://sts.windows.net/${tenantId}/`,
        authorization_endpoint: 'https://localhost:4443/organizations/oauth2/authorize',
        token_endpoint: 'https://localhost:4443/organizations/oauth2/token',
        jwks_uri: 'https://localhost:4443/organizations/discovery/keys',
      },
    ],
    [
      'https://login.lazuli.localhost:4443',
      '/adfs/.well-known/openid-configuration',
      {
        issuer: 'https://login.lazuli.localhost:4443/adfs',
        authorization_endpoint: 'https://login.lazuli.localhost:4443/adfs/oauth2/authorize',
        token_endpoint: 'https://login.lazuli.localhost:4443/adfs/oauth2/token',
        device_authorization_endpoint: 'https://login.lazuli.localhost:4443/adfs/oauth2/devicecode',
        jwks_uri: 'https://login.lazuli.localhost:4443/adfs/discovery/keys',
      },
    ],
  ]
  for (const [origin, path, expected] of cases) {
    const { status, body } = await lazuli.get(path, origin)
    assert.equal(status, 200)
    assert.partialDeepStrictEqual(body, expected)
  }
})

test('everything that a discovery document names is there', async t => {
  const lazuli = await openAuthority(t)
  for (const path of [`/${lazuli.directory.tenantId}/v2.0`, '/common', '/adfs']) {
    const { body } = await lazuli.get(`${path}/.well-known/openid-configuration`)
    for (const [name, address] of Object.entries(body)) {
      if (!/(_endpoint|_uri)$/.test(name)) continue
      const method = /token|device/.test(name) ? 'POST' : 'GET'
      const response = await lazuli.request(method, String(address), method === 'POST' ? { body: '' } : {})
      assert.notEqual(response.status, 404, `${method} ${address}`)
    }
  }
})

test('an unknown tenant has no discovery document and no keys', async t => {
  const lazuli = await openAuthority(t)
  for (const path of ['/v2.0/.well-known/openid-configuration', '/discovery/v2.0/keys', '/oauth2/logout']) {
    const { status, body } = await lazuli.get(`/contoso.example${path}`)
    assert.deepEqual([status, body.error_codes], [400, [90002]])
  }
})

test('instance discovery vouches for our names, port included, and for no other', async t => {
  const lazuli = await openAuthority(t)
  const { tenantId } = lazuli.directory
  const ask = (endpoint: string) =>
    lazuli.get(`/common/discovery/instance?api-version=1.1&authorization_endpoint=${encodeURIComponent(endpoint)}`)
  const { body } = await ask(`https://localhost:4443/${tenantId}/oauth2/v2.0/authorize`)
  assert.equal(
    body.tenant_discovery_endpoint,
    `https://localhost:4443/${tenantId}/v2.0/.well-known/openid-configuration`,
  )
  assert.partialDeepStrictEqual(body.metadata, [
    { preferred_network: 'login.microsoftonline.com', preferred_cache: 'login.windows.net' },
    { aliases: ['login.lazuli.localhost:4443'] },
    { aliases: ['localhost:4443'] },
  ])
  for (const endpoint of [
    'https://evil.example/x/oauth2/authorize',
    'https://localhost/x',
    'http://localhost:4443/x',
    'x',
    'https://localhost:4443@evil.example/x',
  ]) {
    const { status, body } = await ask(endpoint)
    assert.deepEqual([status, body.error], [400, 'invalid_instance'], endpoint)
  }
})

test('everybody’s realm is the same, so that it does not tell who has an account', async t => {
  const lazuli = await openAuthority(t)
  const realm = async (user: string) => (await lazuli.get(`/common/userrealm/${user}?api-version=1.0`)).body
  const domain = 'lazuli.onmicrosoft.com'
  assert.deepEqual(await realm(`admin@${domain}`), await realm(`nobody@${domain}`))
  assert.partialDeepStrictEqual(await realm(`admin@${domain}`), {
    account_type: 'Managed',
    ver: '1.0',
    domain_name: domain,
  })
})

test('other paths of the authority are not there, with or without a token', async t => {
  const lazuli = await openAuthority(t)
  const { status, body } = await lazuli.get('/common/nothing')
  assert.deepEqual([status, body.error], [404, 'invalid_request'])
  const token = await lazuli.adminToken()
  assert.equal((await lazuli.request('GET', 'https://login.microsoftonline.com/x', { token })).status, 404)
})
