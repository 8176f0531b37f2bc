import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginning as at, openVault } from '../../planes/key-vault/testing-vault.ts'

test('a template makes the first version of a key, and leaves one alone that is there', async t => {
  const { request, ask, vaultId, armToken: token, principal } = await openVault(t)
  const send = async (method: string, path: string, body?: object, as = token) => {
    const response = await request(method, `${vaultId}${path}?api-version=2023-07-01`, {
      token: as,
      ...(body ? { body } : {}),
    })
    return { status: response.status, body: (await response.json()) as { properties: Record<string, unknown> } }
  }
  const rotate = { trigger: { timeAfterCreate: 'P90D' }, action: { type: 'Rotate' } }
  const properties = { kty: 'EC', curveName: 'P-384', keyOps: ['sign'], rotationPolicy: { lifetimeActions: [rotate] } }
  const made = await send('PUT', '/keys/Disk', { tags: { a: 'b' }, properties })
  const uri = 'https://safe.vault.azure.net/keys/Disk'
  const { keyUriWithVersion } = made.body.properties
  assert.match(String(keyUriWithVersion), new RegExp(`^${uri}/[0-9a-f]{32}$`))
  const notify = { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }
  const expected = {
    id: `${vaultId}/keys/Disk`,
    name: 'Disk',
    type: 'Microsoft.KeyVault/vaults/keys',
    location: 'westus',
    tags: { a: 'b' },
    properties: {
      attributes: { enabled: true, created: at, updated: at, exportable: false },
      kty: 'EC',
      keyOps: ['sign'],
      curveName: 'P-384',
      keyUri: uri,
      keyUriWithVersion,
      rotationPolicy: { lifetimeActions: [rotate, notify], attributes: {} },
    },
  }
  assert.deepEqual(made, { status: 201, body: expected })
  assert.deepEqual(await send('PUT', '/keys/disk', { properties: { kty: 'RSA' } }), { status: 200, body: expected })
  assert.deepEqual(await send('GET', '/keys/DISK'), { status: 200, body: expected })
  const list = await send('GET', '/keys')
  assert.deepEqual(list, { status: 200, body: { value: [expected] } })
  assert.equal((await ask('GET', '/keys/disk')).status, 200)

  const version = String(keyUriWithVersion).split('/').at(-1)
  const { rotationPolicy: _ofTheKey, ...ofVersion } = expected.properties
  const shown = {
    ...expected,
    id: `${vaultId}/keys/Disk/versions/${version}`,
    name: version,
    type: 'Microsoft.KeyVault/vaults/keys/versions',
    properties: ofVersion,
  }
  assert.deepEqual(await send('GET', `/keys/disk/versions/${version}`), { status: 200, body: shown })
  await ask('POST', '/keys/disk/rotate')
  const both = await send('GET', '/keys/disk/versions')
  const names = (both.body as unknown as { value: { name: string }[] }).value.map(({ name }) => name)
  assert.equal(names.length, 2)
  assert.ok(names.includes(version ?? ''))
  assert.equal((await send('GET', `/keys/disk/versions/${'0'.repeat(32)}`)).status, 404)
  assert.equal((await send('GET', '/keys/nosuch/versions')).status, 404)

  const rsa = await send('PUT', '/keys/rsa', { properties: {} })
  assert.partialDeepStrictEqual(rsa.body.properties, { kty: 'RSA', keySize: 2048 })
  assert.equal((await send('PUT', '/keys/bad', { properties: { kty: 'RSA', keySize: 512 } })).status, 400)
  assert.equal((await send('GET', '/keys/bad')).status, 404)
  const nobody = await principal()
  assert.equal((await send('GET', '/keys/disk', undefined, nobody.token)).status, 403)
})
