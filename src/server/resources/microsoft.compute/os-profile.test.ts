import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import { checkOsProfile, type OsProfile } from './os-profile.ts'
import { key } from './testing-machines.ts'

function keyOf(...options: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-keys-'))
  try {
    execFileSync('ssh-keygen', ['-q', '-N', '', '-f', join(folder, 'key'), ...options])
    return readFileSync(join(folder, 'key.pub'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const withKeys = (...publicKeys: { keyData?: string; path?: string }[]): OsProfile => ({
  computerName: 'vm1',
  adminUsername: 'azureuser',
  linuxConfiguration: { disablePasswordAuthentication: true, ssh: { publicKeys } },
})
const withPassword = (adminPassword: string): OsProfile => ({ adminUsername: 'azureuser', adminPassword })

const accepted: [what: string, profile: OsProfile][] = [
  ['an Ed25519 key', withKeys({ keyData: key })],
  ['a key with white space behind it', withKeys({ keyData: `${key} \r\n` })],
  ['several keys, one of them RSA', withKeys({ keyData: key }, { keyData: keyOf('-t', 'rsa', '-b', '2048') })],
  ['the path that Azure knows', withKeys({ keyData: key, path: '/home/azureuser/.ssh/authorized_keys' })],
  ['a password', withPassword('correct-Horse7')],
  [
    'a password and a key',
    { ...withPassword('correct-Horse7'), linuxConfiguration: { ssh: { publicKeys: [{ keyData: key }] } } },
  ],
  ['custom data', { ...withKeys({ keyData: key }), customData: Buffer.from('#!/bin/sh\n').toString('base64') }],
  ['a user name with a period', { ...withKeys({ keyData: key }), adminUsername: 'cz.official' }],
]

for (const [what, profile] of accepted) {
  test(`A profile with ${what} is accepted`, () => checkOsProfile(profile, 'vm1'))
}

const hostNameRule = /^Linux host name cannot exceed 64 characters in length or contain the following characters: /
const passwordRule = /^The supplied password must be between 6-72 characters long and must satisfy at least 3 of /
const invalidKey = /^The value of parameter linuxConfiguration\.ssh\.publicKeys\.keyData is invalid\.$/
const keyed = withKeys({ keyData: key })

const refused: [what: string, profile: OsProfile, target: string, message: RegExp][] = [
  ['a computer name with an underscore', { ...keyed, computerName: 'vm_1' }, 'computerName', hostNameRule],
  ['a computer name of 65 characters', { ...keyed, computerName: 'v'.repeat(65) }, 'computerName', hostNameRule],
  ['a computer name with a line break', { ...keyed, computerName: 'vm1\nroot' }, 'computerName', hostNameRule],
  [
    'no user name',
    { linuxConfiguration: keyed.linuxConfiguration },
    'adminUsername',
    /^Required parameter 'adminUsername' is missing \(null\)\.$/,
  ],
  ...['root', 'admin', 'Administrator', 'user1', 'support_388945a0', 'a b', 'x:y', '-v', '1', 'x'.repeat(33)].map(
    (adminUsername): [string, OsProfile, string, RegExp] => [
      `the user name '${adminUsername}'`,
      { ...keyed, adminUsername },
      'adminUsername',
      /^The Admin Username specified is not allowed\.$/,
    ],
  ),
  [
    'neither password nor key',
    { adminUsername: 'azureuser' },
    'adminPassword',
    /^Required parameter 'adminPassword' is missing/,
  ],
  [
    'passwords disabled and no key',
    withKeys(),
    'linuxConfiguration',
    /^Authentication using either SSH or by user name and password must be enabled in Linux profile\.$/,
  ],
  ...['Aa1!x', 'A'.repeat(36) + 'a1'.repeat(19), 'alllowercase', 'lower1234', 'Line1\nbreak'].map(
    (password): [string, OsProfile, string, RegExp] => [
      `a password like ${JSON.stringify(password)}`,
      withPassword(password),
      'adminPassword',
      passwordRule,
    ],
  ),
  [
    'a password everybody knows',
    withPassword('P@ssw0rd'),
    'adminPassword',
    /^The Admin password specified is not allowed\.$/,
  ],
  [
    'a key for another place',
    withKeys({ keyData: key, path: '/root/.ssh/authorized_keys' }),
    'linuxConfiguration.ssh.publicKeys.path',
    /^Destination path for SSH public keys is currently limited to its default value \/home\/azureuser\/\.ssh\/authorized_keys {2}due to a known issue in Linux provisioning agent\.$/,
  ],
  ['no key data', withKeys({}), 'linuxConfiguration.ssh.publicKeys.keyData', invalidKey],
  [
    'a path for a key',
    withKeys({ keyData: '~/.ssh/id_rsa.pub' }),
    'linuxConfiguration.ssh.publicKeys.keyData',
    invalidKey,
  ],
  [
    'an ECDSA key',
    withKeys({ keyData: keyOf('-t', 'ecdsa') }),
    'linuxConfiguration.ssh.publicKeys.keyData',
    invalidKey,
  ],
  [
    'a short RSA key',
    withKeys({ keyData: keyOf('-t', 'rsa', '-b', '1024') }),
    'linuxConfiguration.ssh.publicKeys.keyData',
    invalidKey,
  ],
  ['two keys in one', withKeys({ keyData: `${key}\n${key}` }), 'linuxConfiguration.ssh.publicKeys.keyData', invalidKey],
  [
    'custom data that is not Base64',
    { ...keyed, customData: '#!/bin/sh' },
    'customData',
    /^Custom data in OSProfile must be in Base64/,
  ],
  [
    'too much custom data',
    { ...keyed, customData: 'AAAA'.repeat(21_846) },
    'customData',
    /maximum length of 87380 characters/,
  ],
]

for (const [what, profile, target, message] of refused) {
  test(`A profile with ${what} is refused in Azure's words`, () => {
    assert.throws(
      () => checkOsProfile(profile, 'vm1'),
      error => {
        assert.ok(error instanceof AzureError)
        assert.deepEqual([error.status, error.code, error.extra], [400, 'InvalidParameter', { target }])
        assert.match(error.message, message)
        return true
      },
    )
  })
}
