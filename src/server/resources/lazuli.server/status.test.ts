import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVault } from '../../planes/key-vault/testing-vault.ts'
import { openLake } from '../../planes/webhdfs/testing-lake.ts'

test('the status counts what is in each vault, once', async t => {
  const { request, ask, armToken: token } = await openVault(t)
  const vaults = async () => {
    const response = await request('GET', '/providers/Lazuli.Server/status', { token })
    return ((await response.json()) as { vaults: unknown }).vaults
  }
  assert.deepEqual(await vaults(), [{ vault: 'safe', secrets: 0, keys: 0, certificates: 0 }])
  for (const name of ['a', 'b', 'gone']) await ask('PUT', `/secrets/${name}`, { body: { value: 'x' } })
  await ask('DELETE', '/secrets/gone')
  await ask('POST', '/keys/k/create', { body: { kty: 'EC' } })
  const policy = { issuer: { name: 'Self' }, x509_props: { subject: 'CN=a' }, key_props: { kty: 'EC', crv: 'P-256' } }
  await ask('POST', '/certificates/c/create', { body: { policy } })
  assert.deepEqual(await vaults(), [{ vault: 'safe', secrets: 2, keys: 1, certificates: 1 }])
})

test('the status counts the folders, files and bytes of each data lake', async t => {
  const { lazuli, admin } = await openLake(t)
  const accounts = async () => {
    const response = await lazuli.request('GET', '/providers/Lazuli.Server/status', {
      token: await lazuli.adminToken(),
    })
    return ((await response.json()) as { dataLakeAccounts: unknown }).dataLakeAccounts
  }
  assert.deepEqual(await accounts(), [{ account: 'acct', folders: 0, files: 0, bytes: 0 }])
  for (const body of ['12', '345'])
    assert.equal((await admin.call('PUT', `/a/b/${body}`, 'CREATE', { query: 'write=true', body })).status, 201)
  assert.deepEqual(await accounts(), [{ account: 'acct', folders: 2, files: 2, bytes: 5 }])
})
