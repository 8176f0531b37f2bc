/** A machine with an identity, and vaults whose secrets it may read. */

import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { TestContext } from 'node:test'
import { certify } from '../../src/server/certificates/certify.ts'
import { noAlternativeNames } from '../../src/server/certificates/profile.ts'
import {
  assignRole,
  expect,
  type Machine,
  machineVersion,
  newGroup,
  newMachine,
  secretsUserRole,
  vaultVersion,
} from '../contract/arrange.ts'
import { type Lazuli, startLazuli } from '../start.ts'
import { debianPackages } from './debian-packages.ts'
import { runcOf } from './runc.ts'

export type KeyVaultRig = {
  readonly lazuli: Lazuli
  readonly vm: Machine
  /** Runs a script of bash as root in the machine, past the agent. Returns what it prints. */
  sh(script: string, input?: string): Promise<string>
  /** Installs packages of Debian, whose services do not start. */
  install(...packages: string[]): Promise<void>
  /** Puts a secret `web` into a vault; returns its version. */
  put(vault: string, value: string, contentType: string): Promise<string>
}

export async function openKeyVaultRig(t: TestContext, vaults: readonly string[]): Promise<KeyVaultRig> {
  const lazuli = await startLazuli(t, { machines: 'sandbox' })
  const group = await newGroup(lazuli)
  const vm = await newMachine(lazuli, group, { name: 'vm', identity: { type: 'SystemAssigned' } })
  await assignRole(lazuli, group, vm.identity.principalId ?? '', secretsUserRole)
  const vaultId = (vault: string) => `${group}/providers/Microsoft.KeyVault/vaults/${vault}`
  for (const vault of vaults) {
    const sku = { family: 'A', name: 'standard' }
    const properties = { tenantId: lazuli.env.tenantId, sku, enableRbacAuthorization: true }
    const body = { location: 'westeurope', properties }
    await expect(201, lazuli.arm('PUT', `${vaultId(vault)}?${vaultVersion}`, { body }))
  }
  const { vmId } = (await expect(200, lazuli.arm('GET', `${vm.id}?${machineVersion}`))).properties

  async function sh(script: string, input = ''): Promise<string> {
    const argv = [...runcOf(lazuli), 'exec', vmId, 'bash', '-c', `set -eu\n${script}`]
    const { exitCode, stdout, stderr } = await lazuli.run(argv, { stdin: input })
    assert.equal(exitCode, 0, `${script}\n${stdout}\n${stderr}`)
    return stdout.trim()
  }

  return {
    ...{ lazuli, vm, sh },
    async install(...packages) {
      await sh(
        "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; mkdir /tmp/debs",
      )
      for (const [file, content] of await debianPackages(packages))
        await sh(`base64 -d > /tmp/debs/${file}`, content.toString('base64'))
      await sh(
        'DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/debs/*.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; false; }',
      )
    },
    async put(vault, value, contentType) {
      const path = `${vaultId(vault)}/secrets/web?${vaultVersion}`
      const { status, body } = await lazuli.arm('PUT', path, { body: { properties: { value, contentType } } })
      assert.ok(status === 200 || status === 201, JSON.stringify(body))
      return body.properties.secretUriWithVersion.split('/').at(-1)
    },
  }
}

/** A certificate that certifies itself, and its key, in PEM. */
export async function selfSigned(host: string, endsInMs: number): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const certificate = await certify(
    {
      subject: `CN=${host}`,
      alternativeNames: { ...noAlternativeNames, dnsNames: [host] },
      purposes: ['1.3.6.1.5.5.7.3.1'],
      usages: ['digitalSignature'],
      isAuthority: false,
    },
    {
      notBeforeMs: Date.now() - 3_600_000,
      notAfterMs: Date.now() + endsInMs,
      selfSignedWith: createPrivateKey(key),
    },
  )
  return certificate.toString() + key
}
