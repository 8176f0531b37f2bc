import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { packageExtension } from '../package-extensions.ts'
import { openTestAuthority } from '../src/certificate-bundle/testing-authority.ts'
import { openTestVault } from '../src/extensions/key-vault/testing-vault.ts'
import { processorSeconds } from './cores.ts'
import { residentMiB } from './lazuli.ts'
import { start } from './program.ts'
import { distribution, measured } from './report.ts'

/** What keeping many takes. */
export type Kept = Readonly<Record<'syncMs' | 'syncProcessorMs' | 'idleProcessorMs' | 'residentMiB', number>>

export function sayKept({ syncMs, syncProcessorMs, idleProcessorMs, residentMiB }: Kept): void {
  measured('until all are installed', [syncMs], 'ms')
  measured('  processor time of the service until then', [syncProcessorMs], 'ms')
  measured('processor time in a minute without news', [idleProcessorMs], 'ms')
  measured('resident memory', [residentMiB], 'MiB')
}

const renewals = 30
const idleMs = 60_000
const limitMs = 180_000

/**
 * The service of the Key Vault extension with many certificates of a vault: until all are installed, what it takes
 * while nothing happens, and how long a renewal takes from the vault's saying so to the swapped link.
 */
export async function observedCertificates(observed: number): Promise<Kept> {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-bench-certificates-'))
  const authority = openTestAuthority()
  const vault = await openTestVault(authority)
  try {
    authority.issue('one', { kind: 'ec' })
    const chain = authority.read('intermediate.crt') + authority.read('root.crt')
    const value = authority.read('one.crt') + chain + authority.read('one.key')
    const names = Array.from({ length: observed }, (_, number) => `c${number}`)
    for (const name of names) vault.put(name, value)
    const store = join(folder, 'store')
    for (const name of ['config', 'status', 'log']) mkdirSync(join(folder, name))
    const settings = {
      secretsManagementSettings: {
        certificateStoreLocation: store,
        observedCertificates: names.map(name => `${vault.origin}/secrets/${name}`),
      },
      authenticationSettings: { msiEndpoint: vault.metadata },
    }
    writeFileSync(join(folder, 'config/akvvm_service.json'), JSON.stringify({ sequence: 0, settings }))
    writeFileSync(join(folder, 'root.crt'), authority.read('root.crt'))
    // Bundled as the extension's package is: from sources it would hold what strips their types, too.
    const bundle = join(folder, 'bundle')
    await packageExtension('key-vault', bundle, join(import.meta.dirname, 'programs', 'key-vault-daemon.ts'))

    const begun = performance.now()
    await using service = start({ argv: [process.execPath, join(bundle, 'key-vault.mjs'), folder] })
    await until(() => installedIn(folder) === observed)
    const syncMs = performance.now() - begun
    const syncProcessorMs = processorSeconds(service.pid) * 1_000
    await pause(2_000)
    const before = processorSeconds(service.pid)
    await pause(idleMs)
    const idleProcessorMs = (processorSeconds(service.pid) - before) * 1_000
    const kept = { syncMs, syncProcessorMs, idleProcessorMs, residentMiB: residentMiB(service.pid) }
    sayKept(kept)
    const times: number[] = []
    for (let round = 0; round < renewals; round++) times.push(await renew(`c${round}`))
    distribution('the vault says so → the link leads to the new version', times, 'ms')
    return kept

    async function renew(name: string): Promise<number> {
      const version = vault.put(name, value)
      const from = performance.now()
      const socket = connect(join(folder, 'socket'))
      socket.end(`${JSON.stringify({ changed: [`${vault.origin}/secrets/${name}`] })}\n`)
      socket.resume()
      await until(() => readlinkSync(`${store}/Kv1.${name}`) === `Kv1.${name}.${version}`)
      return performance.now() - from
    }
  } finally {
    await vault.close()
    authority.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = performance.now() + limitMs; !isSo(); await pause(2))
    if (performance.now() > giveUpAt) throw new Error('it took too long')
}

/** How many are installed, as the service says it. */
function installedIn(folder: string): number {
  try {
    const { certificates } = JSON.parse(readFileSync(join(folder, 'observed.json'), 'utf8'))
    return certificates.filter((one: { installed: unknown }) => one.installed !== null).length
  } catch {
    // It has said nothing yet.
    return 0
  }
}
