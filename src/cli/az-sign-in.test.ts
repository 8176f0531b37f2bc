import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../server/store/testing.ts'
import { signInAz, writeAzConfig } from './az-sign-in.ts'
import { testInstallation } from './testing-installation.ts'

test('az finds the administrator signed in, in files that only their owner can read', async t => {
  const folder = join(temporaryDirectory(t), 'azure')
  await signInAz(testInstallation('/data'), folder)
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  assert.deepEqual(read('service_principal_entries.json'), [
    { client_id: 'client', tenant: 'tenant', client_secret: 'secret' },
  ])
  assert.partialDeepStrictEqual(read('azureProfile.json').subscriptions, [
    { id: 'subscription', tenantId: 'tenant', isDefault: true, user: { name: 'client', type: 'servicePrincipal' } },
  ])
  assert.match(readFileSync(join(folder, 'config'), 'utf8'), /^collect_telemetry = no$/m)
  for (const name of ['service_principal_entries.json', 'azureProfile.json', 'config']) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  }
  assert.equal(statSync(folder).mode & 0o777, 0o700)
})

test('who signed in as somebody else, or out, stays so', async t => {
  const folder = temporaryDirectory(t)
  await signInAz(testInstallation('/data'), folder)
  const profile = join(folder, 'azureProfile.json')
  rmSync(profile)
  await signInAz(testInstallation('/data'), folder)
  assert.equal(existsSync(profile), false)
})

test('another administrator, in a data directory made anew, is signed in again', async t => {
  const folder = temporaryDirectory(t)
  await signInAz(testInstallation('/data'), folder)
  const { administrator, ...rest } = testInstallation('/data')
  await signInAz({ ...rest, administrator: { ...administrator, clientId: 'other' } }, folder)
  assert.match(readFileSync(join(folder, 'azureProfile.json'), 'utf8'), /"other"/)
})

test('az’s configuration is written once and then belongs to the user', async t => {
  const folder = temporaryDirectory(t)
  await writeAzConfig(folder)
  writeFileSync(join(folder, 'config'), '[defaults]\ngroup = mine\n')
  await writeAzConfig(folder)
  assert.equal(readFileSync(join(folder, 'config'), 'utf8'), '[defaults]\ngroup = mine\n')
})
