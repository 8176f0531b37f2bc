import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAzureName, planeNameOf } from './names.ts'

const tenant = '00000000-1111-2222-3333-444444444444'
const isTenant = (segment: string) => segment === tenant

const cases: [url: string, plane: string | undefined, pathname?: string][] = [
  ['https://management.azure.com/subscriptions', 'arm', '/subscriptions'],
  ['https://login.microsoftonline.com/common/discovery/instance', 'authority', '/common/discovery/instance'],
  ['https://graph.microsoft.com/v1.0/me', 'graph', '/v1.0/me'],
  ['https://kv1.vault.azure.net/secrets/s', 'key-vault', '/kv1/secrets/s'],
  ['https://vault.azure.net/', undefined],
  ['https://st1.blob.core.windows.net/c/b', 'blob', '/st1/c/b'],
  ['https://st1.blob.lazuli.localhost:4443/c/b', 'blob', '/st1/c/b'],
  ['https://blob.lazuli.localhost:4443/st1/c/b', 'blob', '/st1/c/b'],
  ['https://lake.azuredatalakestore.net/webhdfs/v1/', 'webhdfs', '/lake/webhdfs/v1/'],
  ['https://management.lazuli.localhost:4443/subscriptions', 'arm', '/subscriptions'],
  ['https://kv1.vault.lazuli.localhost:4443/secrets', 'key-vault', '/kv1/secrets'],
  ['https://kv1.management.lazuli.localhost:4443/', undefined],
  ['https://other.lazuli.localhost:4443/', undefined],
  ['https://localhost:4443/subscriptions', 'arm', '/subscriptions'],
  ['https://localhost:4443/adfs/oauth2/token', 'authority', '/adfs/oauth2/token'],
  [
    `https://127.0.0.1:4443/${tenant}/v2.0/.well-known/openid-configuration`,
    'authority',
    `/${tenant}/v2.0/.well-known/openid-configuration`,
  ],
  ['https://[::1]:4443/graph/v1.0/users', 'graph', '/v1.0/users'],
  ['https://localhost:4443/graph', 'graph', '/'],
  ['https://management.azure.com./subscriptions', 'arm', '/subscriptions'],
  ['https://example.com/', undefined],
  ['https://management.azure.com.example.com/', undefined],
]

for (const [url, plane, pathname] of cases) {
  test(`${url} belongs to ${plane ?? 'nobody'}`, () => {
    assert.deepEqual(
      planeNameOf(new URL(url), { domain: 'lazuli.localhost' }, isTenant),
      plane === undefined ? undefined : { plane, pathname },
    )
  })
}

for (const [host, kept] of [
  ['management.azure.com', true],
  ['management.azure.com.', true],
  ['a.b.queue.core.windows.net', true],
  ['LOGIN.MICROSOFTONLINE.COM', true],
  ['notazure.com', false],
  ['azure.com.example.org', false],
  ['registry.example.org', false],
] as const) {
  test(`${host} ${kept ? 'never leaves' : 'passes through'}`, () => assert.equal(isAzureName(host), kept))
}
