import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { SecretClient } from '@azure/keyvault-secrets'
import { administrator, all, refusal, unique } from './azure.ts'
import { newVault, vaultOptions, vaultUrl } from './vault.ts'

const quickly = { intervalInMs: 20 }
let url: string
let secrets: SecretClient

before(async () => {
  url = vaultUrl(await newVault())
  secrets = new SecretClient(url, administrator, vaultOptions)
})

test('a secret is set, found, changed and set again, and each version stays', async () => {
  const name = unique('secret')
  const notBefore = new Date('2026-01-01T00:00:00Z')
  const made = await secrets.setSecret(name, 'first', { contentType: 'text/plain', notBefore, tags: { a: 'b' } })
  const { version = '' } = made.properties
  assert.partialDeepStrictEqual(made, { name, value: 'first' })
  assert.partialDeepStrictEqual(made.properties, {
    id: `${url}/secrets/${name}/${version}`,
    vaultUrl: url,
    name,
    contentType: 'text/plain',
    enabled: true,
    notBefore,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
    tags: { a: 'b' },
  })
  const second = await secrets.setSecret(name, 'second')
  assert.equal((await secrets.getSecret(name)).value, 'second')
  assert.deepEqual(await secrets.getSecret(name, { version }), made)

  const changed = await secrets.updateSecretProperties(name, version, { enabled: false, tags: {} })
  assert.partialDeepStrictEqual(changed, { contentType: 'text/plain', enabled: false, tags: {}, notBefore })
  await assert.rejects(
    secrets.getSecret(name, { version }),
    refusal(403, 'Forbidden', /Operation get is not allowed on a disabled secret\./),
  )
  const versions = await all(secrets.listPropertiesOfSecretVersions(name))
  assert.deepEqual(
    versions.map(one => [one.version, one.enabled]).sort(),
    [
      [version, false],
      [second.properties.version, true],
    ].sort(),
  )
})

test('more secrets than a page holds are all listed', async () => {
  const own = new SecretClient(vaultUrl(await newVault()), administrator, vaultOptions)
  const names = Array.from({ length: 30 }, (_, at) => `s${String(at).padStart(2, '0')}`)
  for (const name of names) await own.setSecret(name, name)
  assert.deepEqual(
    (await all(own.listPropertiesOfSecrets())).map(({ name }) => name),
    names,
  )
})

test('a secret is deleted, seen, recovered, deleted again and purged', async () => {
  const name = unique('secret')
  await secrets.setSecret(name, 'value')
  const deletion = await secrets.beginDeleteSecret(name, quickly)
  const deleted = await deletion.pollUntilDone()
  const [at, until] = [deleted.deletedOn?.getTime() ?? 0, deleted.scheduledPurgeDate?.getTime() ?? 0]
  assert.equal(until - at, 90 * 86_400_000)
  assert.equal(deleted.recoveryId, `${url}/deletedsecrets/${name}`)
  await assert.rejects(secrets.getSecret(name), refusal(404, 'SecretNotFound', /was not found in this key vault/))
  await assert.rejects(secrets.setSecret(name, 'other'), refusal(409, 'Conflict', /deleted but recoverable/))
  assert.ok((await all(secrets.listDeletedSecrets())).some(one => one.name === name))
  assert.equal((await secrets.getDeletedSecret(name)).name, name)

  const recovery = await secrets.beginRecoverDeletedSecret(name, quickly)
  assert.equal((await recovery.pollUntilDone()).name, name)
  assert.equal((await secrets.getSecret(name)).value, 'value')

  await (await secrets.beginDeleteSecret(name, quickly)).pollUntilDone()
  await secrets.purgeDeletedSecret(name)
  await assert.rejects(secrets.getDeletedSecret(name), refusal(404, 'SecretNotFound'))
})

test('a backup is restored where the secret is no more', async () => {
  const name = unique('secret')
  await secrets.setSecret(name, 'first')
  await secrets.setSecret(name, 'second', { tags: { a: 'b' } })
  const before = await secrets.getSecret(name)
  const backup = await secrets.backupSecret(name)
  assert.ok(backup)
  await assert.rejects(secrets.restoreSecretBackup(backup), refusal(409, 'Conflict'))
  await (await secrets.beginDeleteSecret(name, quickly)).pollUntilDone()
  await secrets.purgeDeletedSecret(name)
  await secrets.restoreSecretBackup(backup)
  assert.deepEqual(await secrets.getSecret(name), before)
  assert.equal((await all(secrets.listPropertiesOfSecretVersions(name))).length, 2)
})

test('what Azure refuses is refused in its words', async () => {
  await assert.rejects(secrets.setSecret('no_name', 'value'), refusal(400, 'BadParameter', /invalid name: no_name/))
  await assert.rejects(secrets.setSecret('s', 'x'.repeat(25_601)), refusal(400, 'BadParameter'))
  await assert.rejects(secrets.getSecret('none'), refusal(404, 'SecretNotFound'))
  const byRoles = new SecretClient(
    vaultUrl(await newVault({ enableRbacAuthorization: true })),
    administrator,
    vaultOptions,
  )
  await assert.rejects(
    byRoles.getSecret('s'),
    refusal(403, 'Forbidden', /Action: 'Microsoft\.KeyVault\/vaults\/secrets\/getSecret\/action'/),
  )
})
