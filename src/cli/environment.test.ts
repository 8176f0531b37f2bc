import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describe, programEnvironment } from './environment.ts'
import { testInstallation } from './testing-installation.ts'

const installation = testInstallation('/data')

test('a program is pointed at the proxy and at the CA in every spelling that somebody reads', () => {
  assert.deepEqual(programEnvironment(installation), {
    HTTPS_PROXY: 'http://127.0.0.1:4443',
    HTTP_PROXY: 'http://127.0.0.1:4443',
    https_proxy: 'http://127.0.0.1:4443',
    http_proxy: 'http://127.0.0.1:4443',
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
    NODE_EXTRA_CA_CERTS: '/data/ca.pem',
    NODE_USE_ENV_PROXY: '1',
    REQUESTS_CA_BUNDLE: '/data/ca-bundle.pem',
    SSL_CERT_FILE: '/data/ca-bundle.pem',
    CURL_CA_BUNDLE: '/data/ca-bundle.pem',
    AZURE_CONFIG_DIR: '/data/azure',
    AZURE_CORE_COLLECT_TELEMETRY: '0',
  })
})

test('a ticket stands in every proxy address, and az keeps its sign-in apart from the administrator’s', () => {
  const ticket = { username: 'some-machine', password: 'proof' }
  const environment = programEnvironment(installation, ticket)
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy']) {
    assert.equal(environment[name], 'http://some-machine:proof@127.0.0.1:4443')
  }
  assert.match(environment.AZURE_CONFIG_DIR ?? '', /^\/data\/azure-as\/[0-9a-f]{16}$/)
  const other = programEnvironment(installation, { username: 'x'.repeat(500), password: 'proof' })
  assert.match(other.AZURE_CONFIG_DIR ?? '', /^\/data\/azure-as\/[0-9a-f]{16}$/)
  assert.notEqual(other.AZURE_CONFIG_DIR, environment.AZURE_CONFIG_DIR)
})

test('the description for programs has what scripts rely on', () => {
  assert.deepEqual(describe(installation), {
    url: 'https://localhost:4443',
    proxy: 'http://127.0.0.1:4443',
    caFile: '/data/ca.pem',
    tenantId: 'tenant',
    subscriptionId: 'subscription',
    admin: {
      clientId: 'client',
      clientSecret: 'secret',
      username: 'admin@lazuli.onmicrosoft.com',
      password: 'password',
    },
    suffixes: {
      keyVault: 'vault.lazuli.localhost:4443',
      blob: 'blob.lazuli.localhost:4443',
      dataLake: 'datalake.lazuli.localhost:4443',
    },
    domain: 'lazuli.localhost',
  })
})
