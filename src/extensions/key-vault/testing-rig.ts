/** The whole of the service but its process: its real loop, vault and store, with a clock that tests move. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readBundle } from '../../certificate-bundle/bundle.ts'
import { openPfxReader } from '../../certificate-bundle/pfx/reader.ts'
import { openTestAuthority, type TestAuthority } from '../../certificate-bundle/testing-authority.ts'
import type { ObservedCertificate } from '../../wire/agent-report.ts'
import type { Status } from '../handler/status.ts'
import { type Run, run as realRun } from '../host/run.ts'
import { type Loop, type LoopParts, openLoop } from './daemon/loop.ts'
import { readSettings } from './settings/read-settings.ts'
import { openRecords } from './store/records.ts'
import { openTestVault, type TestVault } from './testing-vault.ts'
import { getWith } from './vault/http.ts'
import { openSecrets } from './vault/secrets.ts'
import { openTokens } from './vault/tokens.ts'

export type KeyVaultRig = {
  readonly authority: TestAuthority
  readonly vault: TestVault
  readonly folder: string
  readonly store: string
  /** Makes a certificate and puts it into the vault; returns its version and what should be in the file. */
  issue(
    name: string,
    options?: { kind?: 'rsa' | 'ec'; pfx?: boolean },
  ): { version: string; value: string; pem: string; serial: string }
  /** Settings for these certificates, each with what is given beside its address. */
  settings(certificates: Readonly<Record<string, object>>, management?: object): unknown
  start(settings: unknown, parts?: Partial<LoopParts>): Running
}

export type Running = {
  readonly loop: Loop
  readonly statuses: Status[]
  readonly log: string[]
  list(): readonly ObservedCertificate[]
  /** The last status, once nothing is left to be done now. */
  settled(): Promise<Status>
  /** Resolves when the loop waits for something to do; what follows a renewal may go on. */
  asleep(): Promise<void>
  /** Resolves when this holds. */
  until(condition: () => boolean): Promise<void>
  /** Lets the time pass until the loop wants to wake, and wakes it. */
  fire(): void
  /** Lets the time pass until something is due, and waits until it has been done. Returns how long that was in seconds. */
  pass(): Promise<number>
  /** Somebody sets the clock of the machine. */
  setClock(byMs: number): void
  stop(): Promise<void>
}

export async function openKeyVaultRig(t: TestContext): Promise<KeyVaultRig> {
  const folder = mkdtempSync(join(tmpdir(), 'lazuli-key-vault-'))
  const authority = openTestAuthority()
  const vault = await openTestVault(authority)
  const reader = openPfxReader()
  const running: Running[] = []
  t.after(async () => {
    for (const one of running) await one.stop()
    await Promise.all([reader.close(), vault.close()])
    authority.close()
    rmSync(folder, { recursive: true, force: true })
  })
  mkdirSync(join(folder, 'state'))
  const store = join(folder, 'store')
  let issued = 0

  return {
    ...{ authority, vault, folder, store },
    issue(name, { kind = 'ec', pfx = false } = {}) {
      const file = `${name}-${issued++}`
      const serial = authority.issue(file, { kind, host: `${name}.example.test` })
      const chain = authority.read('intermediate.crt') + authority.read('root.crt')
      const [leaf, key] = [authority.read(`${file}.crt`), authority.read(`${file}.key`)]
      authority.write('chain.pem', chain)
      const value = pfx
        ? authority
            .openssl(
              'pkcs12',
              '-export',
              '-in',
              `${file}.crt`,
              '-inkey',
              `${file}.key`,
              '-certfile',
              'chain.pem',
              '-passout',
              'pass:',
            )
            .toString('base64')
        : key + chain + leaf
      return { version: vault.put(name, value), value, pem: leaf + chain + key, serial }
    },
    settings: (certificates, management = {}) => ({
      secretsManagementSettings: {
        certificateStoreLocation: store,
        observedCertificates: Object.entries(certificates).map(([name, more]) => ({
          url: `${vault.origin}/secrets/${name}`,
          ...more,
        })),
        ...management,
      },
      authenticationSettings: { msiEndpoint: vault.metadata },
    }),
    start(settings, parts = {}) {
      const one = startLoop({ settings, folder, vault, decode: value => readBundle(value, reader.read), parts })
      running.push(one)
      return one
    },
  }
}

type Wish = {
  readonly settings: unknown
  readonly folder: string
  readonly vault: TestVault
  readonly decode: LoopParts['decode']
  readonly parts: Partial<LoopParts>
}

function startLoop({ settings, folder, vault, decode, parts }: Wish): Running {
  const begun = Date.UTC(2026, 10, 25)
  let passedMs = 0
  let offsetMs = 0
  const clock = () => passedMs
  const now = () => new Date(begun + passedMs + offsetMs)
  const statuses: Status[] = []
  const log: string[] = []
  let list: readonly ObservedCertificate[] = []
  const ending = new AbortController()
  let asleep: { readonly ms: number; readonly fire: () => void } | undefined
  let sleeping = Promise.withResolvers<void>()
  const tokens = openTokens({ get: getWith({ signal: ending.signal }), now: clock, arcFolder: join(folder, 'tokens') })
  const loop = openLoop({
    wish: readSettings(settings),
    records: openRecords(join(folder, 'state')),
    run: realRun,
    log: (level, component, text) => log.push(`<${level}> [${component}] ${text}`),
    ...{ now, clock, decode },
    random: () => 0.5,
    pause: () => Promise.resolve(),
    fetchSecret: openSecrets({
      get: getWith({ agent: vault.agent, signal: ending.signal }),
      tokens,
      now: () => now().getTime(),
    }),
    onClockJump: tokens.dropAll,
    signal: ending.signal,
    report: async status => void statuses.push(status),
    publish: async certificates => {
      list = certificates
    },
    timer(ms, fire) {
      asleep = { ms, fire }
      sleeping.resolve()
      return () => {
        asleep = undefined
        sleeping = Promise.withResolvers()
      }
    },
    ...parts,
  })
  const ended = loop.run()
  const untilAsleep = async () => {
    do {
      await loop.polled()
      // Woken but not yet gone to work is not asleep.
      await nextTurn()
      while (!asleep) await sleeping.promise
    } while (!(await Promise.race([loop.polled().then(() => true), nextTurn().then(() => false)])))
  }
  const settled = async () => {
    await untilAsleep()
    await loop.concluded()
    return statuses.at(-1) ?? { operation: '', status: 'transitioning', code: 0, message: 'nothing was said' }
  }
  const fire = () => {
    const { ms, fire: wake } = asleep ?? { ms: 0, fire: () => undefined }
    passedMs += ms
    wake()
  }
  return {
    ...{ loop, statuses, log, settled, asleep: untilAsleep },
    list: () => list,
    async until(condition) {
      for (let turn = 0; !condition(); turn++) {
        if (turn > 1_000_000) throw new Error('it never came to be')
        await nextTurn()
      }
    },
    fire,
    async pass() {
      const before = passedMs
      const polls = () => log.filter(line => line.includes('Beginning refresh')).length
      await settled()
      for (const seen = polls(); polls() === seen; await settled()) {
        fire()
      }
      return Math.round((passedMs - before) / 1000)
    },
    setClock(byMs) {
      offsetMs += byMs
    },
    async stop() {
      ending.abort()
      await ended
    },
  }
}

const nextTurn = () => new Promise(resolve => setImmediate(resolve))

/** Runs nothing of these programs, and notes that it was asked to. `units`: what systemd shows of them; the rest run. */
export function noting(
  programs: readonly string[],
  outcome: (args: readonly string[]) => number = () => 0,
  units: Readonly<Record<string, string>> = {},
) {
  const calls: string[] = []
  const run: Run = async (command, args, options) => {
    if (!programs.includes(command)) return realRun(command, args, options)
    const empty = { exitCode: 0, stdout: Buffer.alloc(0), stderr: '' }
    if (command === 'systemctl' && args[0] === 'show')
      return { ...empty, stdout: Buffer.from(units[args.at(-1) ?? ''] ?? 'LoadState=loaded\nActiveState=active\n') }
    calls.push([command, ...args].join(' '))
    const exitCode = outcome(args)
    if (exitCode !== 0 && !options?.anyExit) throw new Error(`${command} failed with exit code ${exitCode}`)
    return { ...empty, exitCode }
  }
  return { run, calls }
}
