/**
 * The Key Vault VM extension as its article describes it: set up by the real az, on a real machine, with a vault of
 * Lazuli's and Debian's nginx, whose certificate is renewed.
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import '../deadline.ts'
import { openTestAuthority } from '../../src/certificate-bundle/testing-authority.ts'
import { expect, machineVersion, newGroup, newMachine } from '../contract/arrange.ts'
import { azEnvironment, azLane, lanesMissing } from '../contract/az.ts'
import { shellInside, typedInto } from '../contract/curl.ts'
import { startLazuli } from '../start.ts'
import { debianPackages } from './debian-packages.ts'
import { ended } from './extension-rig.ts'
import {
  faults,
  fillSmallStore,
  killedAtEachStep,
  mountSmallStore,
  smallStore,
  steps,
  troubledVaults,
} from './key-vault-faults.ts'
import { wrongSettings } from './key-vault-wrong-settings.ts'
import { initOf } from './runc.ts'
import { newKey } from './ssh-key.ts'

/** As it is printed, in the shell's spelling. */
const extensionSet = `az vm extension set -n "KeyVaultForLinux" \\
  --publisher Microsoft.Azure.KeyVault \\
  -g "<resourcegroup>" \\
  --vm-name "<vmName>" \\
  --version 3.0 \\
  --enable-auto-upgrade true \\
  --settings "@settings.json"`
/** As it is printed. */
const instanceView =
  'az vm get-instance-view --resource-group <resource group name> --name  <vmName> --query "instanceView.extensions"'
const secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
const store = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
const link = `${store}/exampleVault.myCertificate`
const certificateUrl = 'https://exampleVault.vault.azure.net/secrets/myCertificate'
const patienceMs = 180_000

test('certificates of a vault come to a machine and stay up to date', { skip: lanesMissing }, async t => {
  const authority = openTestAuthority()
  t.after(authority.close)
  const [lazuli, lane] = await Promise.all([startLazuli(t, { machines: 'sandbox' }), azLane('trixie', t)])
  const group = await newGroup(lazuli, 'DevTest')
  const sshKey = await newKey(lazuli)
  const vm = await newMachine(lazuli, group, { name: 'vm', sshKey, identity: { type: 'SystemAssigned' } })
  const inside = async (script: string) => (await shellInside(lazuli, 'vm')(script)).trim()
  const { vmId } = (await expect(200, lazuli.arm('GET', `${vm.id}?${machineVersion}`))).properties
  const init = await initOf(lazuli, vmId)
  /** With the host's rights, for a machine may not mount. */
  const asRoot = async (script: string) => {
    const { exitCode, stdout, stderr } = await lazuli.run(['nsenter', '-a', '-t', init, 'bash'], {
      stdin: script,
    })
    assert.equal(exitCode, 0, `${script}\n${stdout}\n${stderr}`)
    return stdout.trim()
  }
  const type = typedInto(typed => lazuli.exec(['sh', '-c', `cd "$HOME" && ${typed}`], { env: azEnvironment(lane) }))
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/exampleVault`
  const extension = `${vm.id}/extensions/KeyVaultForLinux?api-version=2024-07-01`

  await expect(
    201,
    lazuli.arm('PUT', `${vault}?api-version=2023-07-01`, {
      body: {
        location: 'westeurope',
        properties: {
          tenantId: lazuli.env.tenantId,
          sku: { family: 'A', name: 'standard' },
          enableRbacAuthorization: true,
        },
      },
    }),
  )
  const assign = (principalId: string, role: string) =>
    expect(
      201,
      lazuli.arm(
        'PUT',
        `${vault}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`,
        {
          body: {
            properties: {
              principalId,
              roleDefinitionId: `${lazuli.subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
            },
          },
        },
      ),
    )
  const token = await lazuli.token('https://vault.azure.net')
  const { oid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  await assign(oid, '00482a5a-887f-4fb3-b363-3b7fe8e74483')
  await assign(vm.identity.principalId ?? '', secretsUser)

  /** Makes a certificate and stores it, as a vault keeps certificates: PKCS #12 without a password. */
  let issued = 0
  async function renew(): Promise<{ serial: string; version: string }> {
    const name = `web${issued++}`
    const serial = authority.issue(name, { host: 'web.example.test' })
    const chain = authority.read('intermediate.crt') + authority.read('root.crt')
    authority.write('chain.pem', chain)
    const files = ['-in', `${name}.crt`, '-inkey', `${name}.key`, '-certfile', 'chain.pem']
    const pfx = authority.openssl('pkcs12', '-export', ...files, '-passout', 'pass:').toString('base64')
    return { serial, version: await putSecret(pfx) }
  }
  async function putSecret(value: string): Promise<string> {
    const body = JSON.stringify({ value, contentType: 'application/x-pkcs12' })
    const url = 'https://exampleVault.vault.azure.net/secrets/myCertificate?api-version=7.4'
    const headers = ['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json']
    const { stdout, stderr } = await lazuli.exec(['curl', '-s', '-X', 'PUT', ...headers, '-d', '@-', url], {
      stdin: body,
    })
    const { id } = JSON.parse(stdout || '{}')
    assert.ok(id, stdout + stderr)
    return id.split('/').at(-1)
  }
  async function until(what: string, script: string, expected: string): Promise<void> {
    let found = ''
    for (const giveUpAt = Date.now() + patienceMs; Date.now() < giveUpAt; await pause(100)) {
      found = await inside(script)
      if (found === expected) return
    }
    throw new Error(
      `${what}: ${found} instead of ${expected}\n${await inside('sudo tail -n 40 /var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux/*.log')}`,
    )
  }

  let first = { serial: '', version: '' }
  for (const [file, content] of await debianPackages(['nginx', 'nginx-common']))
    await succeeded(
      lazuli.command(['ssh', 'vm', '--', `base64 -d > /tmp/${file}`], { stdin: content.toString('base64') }),
    )
  await inside(
    [
      'sudo useradd --no-create-home app1',
      'sudo useradd --no-create-home other',
      `printf '%s' 'server { listen 443 ssl; ssl_certificate ${link}; ssl_certificate_key ${link}; }' | sudo sh -c 'mkdir -p /etc/nginx/conf.d && cat > /etc/nginx/conf.d/web.conf'`,
      'sudo sh -c "printf \'#!/bin/sh\\nexit 101\\n\' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d"',
      'sudo DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/nginx*.deb >/tmp/dpkg.log 2>&1 || (cat /tmp/dpkg.log; false)',
      'sudo rm /etc/nginx/sites-enabled/default',
    ].join(' && '),
  )
  const settings = {
    secretsManagementSettings: {
      ...{ pollingIntervalInS: '3600', requireInitialSync: true, aclEnabled: true },
      observedCertificates: [
        {
          url: certificateUrl,
          acls: [{ user: 'app1' }, { user: 'comesLater' }],
          afterRenewal: { reload: 'nginx.service' },
          verify: { host: 'localhost', port: 443 },
        },
      ],
    },
  }

  await t.test(
    'what is wrong with the settings stands in the status and in the log, each in its own words',
    async () => {
      const type = { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', typeHandlerVersion: '3.0' }
      const expected: string[] = []
      for (const { settings: wrong, reason, hint } of wrongSettings(settings)) {
        const body = { location: 'westeurope', properties: { ...type, settings: wrong } }
        const { error } = await ended(lazuli, await lazuli.arm('PUT', extension, { body }))
        assert.equal(error?.code, 'VMExtensionProvisioningError')
        const { properties } = await expect(200, lazuli.arm('GET', `${extension}&$expand=instanceView`))
        assert.deepEqual(properties.settings, wrong)
        assert.equal(properties.provisioningState, 'Failed')
        const [{ code, message }] = properties.instanceView.statuses
        assert.equal(code, 'ProvisioningState/failed/0')
        assert.ok(message.startsWith(`Failed to parse the configuration settings with: '${reason}'. `), message)
        assert.match(message, hint)
        expected.push(`Failed to parse the configuration settings with:${reason}. ${message.split("'. ")[1]}`)
      }
      const logs = '/var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux/akvvm_service_*.log'
      const logged = await inside(`sudo sed -n 's/.*\\[CertificateManagementConfiguration\\] //p' ${logs}`)
      assert.deepEqual(logged.split('\n'), expected)
    },
  )

  await t.test('what is provisioned after the extension waits until the certificates are there', async () => {
    const keyVault = { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', typeHandlerVersion: '3.0' }
    const vmAccess = { publisher: 'Microsoft.OSTCExtensions', type: 'VMAccessForLinux', typeHandlerVersion: '1.5' }
    const put = (name: string, properties: object) =>
      lazuli.arm('PUT', `${vm.id}/extensions/${name}?api-version=2024-07-01`, {
        body: { location: 'westeurope', properties },
      })
    const certificates = await put('KeyVaultForLinux', { ...keyVault, settings })
    const after = await put('after', {
      ...vmAccess,
      protectedSettings: { username: 'afterwards', password: 'Correct-Horse7' },
      provisionAfterExtensions: ['KeyVaultForLinux'],
    })
    const waits = /certificates, retrying\.\.\..*SecretNotFound|certificates, retrying\.\.\..*not found/
    const message = async () => {
      const { properties } = await expect(200, lazuli.arm('GET', `${extension}&$expand=instanceView`))
      // Before the machine has said anything there is none.
      return String(properties.instanceView.statuses?.[0]?.message)
    }
    for (const giveUpAt = Date.now() + patienceMs; !waits.test(await message()); await pause(100))
      if (Date.now() > giveUpAt) throw new Error(await message())
    assert.equal(await inside('id afterwards 2>/dev/null || echo nobody'), 'nobody')
    first = await renew()
    assert.equal((await ended(lazuli, certificates)).status, 'Succeeded')
    assert.equal((await ended(lazuli, after)).status, 'Succeeded')
    assert.match(await inside('id afterwards'), /afterwards/)
  })

  await t.test('az puts the extension into the machine, which succeeds when the certificate is there', async () => {
    await writeFile(join(lane.home, 'settings.json'), JSON.stringify(settings))
    await type(extensionSet, { resourcegroup: 'DevTest', vmName: 'vm' })
    const { properties } = await expect(200, lazuli.arm('GET', `${extension}&$expand=instanceView`))
    assert.equal(properties.provisioningState, 'Succeeded')
    assert.match(
      properties.instanceView.statuses[0].message,
      /^Successfully started Key Vault extension service\. \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    )
    assert.match(properties.instanceView.substatuses[0].message, /There is no user 'comesLater' yet/)
    const all = JSON.parse(await type(instanceView, { 'resource group name': 'DevTest', vmName: 'vm' }))
    const seen = all.find(({ name }: { name: string }) => name === 'KeyVaultForLinux')
    assert.deepEqual(
      [seen.name, seen.type, seen.statuses[0].code],
      ['KeyVaultForLinux', 'Microsoft.Azure.KeyVault.KeyVaultForLinux', 'ProvisioningState/succeeded'],
    )
    assert.equal(await inside(`sudo readlink ${link}`), `exampleVault.myCertificate.${first.version}`)
    assert.equal(await inside('systemctl is-active akvvm_service'), 'active')
    assert.equal(await inside('systemctl is-enabled akvvm_service'), 'enabled')
    const agentsLog = await inside('sudo cat /var/log/waagent.log')
    const name = String.raw`INFO ExtHandler \[Microsoft\.Azure\.KeyVault\.KeyVaultForLinux-3\.[\d.]+\]`
    for (const what of ['Install extension: \\[', 'Enable extension: \\[', 'Target handler state: enabled'])
      assert.match(agentsLog, new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z ${name} ${what}`, 'm'))
  })

  await t.test('a user of the list reads it, and nobody else', async () => {
    const text = await inside(`sudo -u app1 cat ${link}`)
    assert.deepEqual(text.match(/BEGIN [A-Z ]+/g), [
      'BEGIN CERTIFICATE',
      'BEGIN CERTIFICATE',
      'BEGIN CERTIFICATE',
      'BEGIN PRIVATE KEY',
    ])
    for (const script of [`sudo -u other cat ${link}`, `sudo -u other ls ${store}`, `cat ${link}`])
      await assert.rejects(inside(script), /Permission denied/, script)
  })

  await t.test('what is renewed is served within moments, and the old version stays beside it', async () => {
    await inside('sudo systemctl start nginx')
    const served = 'echo | openssl s_client -connect localhost:443 2>/dev/null | openssl x509 -noout -serial'
    assert.equal(await inside(served), `serial=${first.serial}`)
    await inside('sudo useradd --no-create-home comesLater')
    const second = await renew()
    await until('served', served, `serial=${second.serial}`)
    assert.equal(await inside(`sudo readlink ${link}`), `exampleVault.myCertificate.${second.version}`)
    assert.deepEqual(
      (await inside(`sudo ls ${store}`)).split('\n').sort(),
      [
        'exampleVault.myCertificate',
        ...[first, second].map(({ version }) => `exampleVault.myCertificate.${version}`),
      ].sort(),
    )
    for (const user of ['app1', 'comesLater']) await inside(`sudo -u ${user} cat ${link}`)

    // OpenSSL refuses keys that are too weak, so nginx does not load it.
    authority.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:1024',
      '-nodes',
      '-keyout',
      'weak.key',
      '-out',
      'weak.crt',
      '-subj',
      '/CN=web.example.test',
    )
    const weak = authority.openssl('pkcs12', '-export', '-in', 'weak.crt', '-inkey', 'weak.key', '-passout', 'pass:')
    const third = await putSecret(weak.toString('base64'))
    const status = async () => {
      const { properties } = await expect(200, lazuli.arm('GET', `${extension}&$expand=instanceView`))
      return String(properties.instanceView.substatuses[0].message)
    }
    const isBack = new RegExp(
      `Version ${third} was put back to ${second.version}.*Now: .*serves it \\(serial number ${second.serial}\\)`,
    )
    for (const giveUpAt = Date.now() + patienceMs; !isBack.test(await status()); await pause(100))
      if (Date.now() > giveUpAt) throw new Error(await status())
    assert.equal(await inside(served), `serial=${second.serial}`)
    assert.equal(await inside(`sudo readlink ${link}`), `exampleVault.myCertificate.${second.version}`)
  })

  await t.test(
    'killed before any step of writing, the daemon leaves a whole certificate and writes the new one',
    async () => {
      const older = await inside(`sudo readlink ${link}`)
      const { version } = await renew()
      await until('link', `sudo readlink ${link}`, `exampleVault.myCertificate.${version}`)
      assert.equal(await asRoot(killedAtEachStep(store, link, older)), steps)
    },
  )

  await t.test(
    'with its disk full or read-only and its vault out of reach, it keeps what it has, and recovers',
    async () => {
      const more = { url: certificateUrl, certificateStoreLocation: smallStore }
      const { secretsManagementSettings: management } = settings
      const both = { ...management, observedCertificates: [...management.observedCertificates, more] }
      await asRoot(mountSmallStore)
      const before = await inside(`sudo readlink ${link}`)
      authority.issue('vault', { host: 'exampleVault.vault.azure.net' })
      const chain = authority.read('vault.crt') + authority.read('intermediate.crt')
      for (const [file, content] of [
        ['vault.pem', chain + authority.read('vault.key')],
        ['root.pem', authority.read('root.crt')],
      ] as const)
        await succeeded(lazuli.command(['ssh', 'vm', '--', `cat > /tmp/${file}`], { stdin: content }))
      const keyVault = { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', typeHandlerVersion: '3.0' }
      const body = {
        location: 'westeurope',
        properties: { ...keyVault, settings: { secretsManagementSettings: both } },
      }
      assert.equal((await ended(lazuli, await lazuli.arm('PUT', extension, { body }))).status, 'Succeeded')
      await asRoot(troubledVaults(link))
      await asRoot(fillSmallStore)
      const { version } = await renew()
      const after = `exampleVault.myCertificate.${version}`
      assert.deepEqual((await asRoot(faults(link, { before, after }))).split('\n'), [
        'ENOSPC',
        'EROFS',
        '503',
        '429',
        'certificate|altnames',
        'EAI_AGAIN|ENOTFOUND',
        'well',
      ])
    },
  )

  await t.test('the operator sees what every machine keeps, and how it is', async () => {
    const { stdout, stderr, exitCode } = await lazuli.command(['certificates', '--json'])
    assert.equal(exitCode, 0, stderr)
    const [machine, ...others] = JSON.parse(stdout)
    assert.deepEqual(others, [])
    assert.equal(machine.machine, 'vm')
    assert.equal(machine.certificates[0].id, 'https://exampleVault.vault.azure.net/secrets/myCertificate')
    const { stdout: table } = await lazuli.command(['certificates'])
    assert.match(table, /vm +https:\/\/exampleVault\.vault\.azure\.net\/secrets\/myCertificate/)
  })

  await t.test(
    'the service is started anew when it is killed, and certificates stay when the extension goes',
    async () => {
      await inside('sudo systemctl kill --signal=KILL akvvm_service')
      await until('service', 'systemctl is-active akvvm_service || true', 'active')
      assert.equal((await lazuli.arm('DELETE', extension)).status, 202)
      for (
        const giveUpAt = Date.now() + patienceMs;
        (await lazuli.arm('GET', extension)).status !== 404;
        await pause(50)
      )
        assert.ok(Date.now() < giveUpAt)
      assert.equal(await inside('systemctl is-active akvvm_service || true'), 'inactive')
      assert.match(await inside(`sudo -u app1 cat ${link}`), /BEGIN PRIVATE KEY/)
    },
  )
})

async function succeeded(ended: Promise<{ exitCode: number; stdout: string; stderr: string }>): Promise<void> {
  const { exitCode, stdout, stderr } = await ended
  assert.equal(exitCode, 0, stdout + stderr)
}
