/** The service `akvvm_service`: everything that a poll needs, put together. Runs until it is told to end. */

import { writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import type { Agent } from 'node:https'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readBundle } from '../../../certificate-bundle/bundle.ts'
import { openPfxReader } from '../../../certificate-bundle/pfx/reader.ts'
import { observedCertificatesFile, pokeSocket } from '../../../wire/observed-certificates.ts'
import type { HandlerEnvironment } from '../../handler/environment.ts'
import { HandlerFailure } from '../../handler/failure.ts'
import { writeStatus } from '../../handler/status.ts'
import { makeFolder } from '../../host/files.ts'
import { run } from '../../host/run.ts'
import { openForward } from '../logging/forward.ts'
import { openServiceLog } from '../logging/service-log.ts'
import { readSettings } from '../settings/read-settings.ts'
import { removeDrafts } from '../store/install.ts'
import { forgetRejections, openRecords } from '../store/records.ts'
import { getWith } from '../vault/http.ts'
import { openSecrets } from '../vault/secrets.ts'
import { openTokens } from '../vault/tokens.ts'
import { systemAgent } from '../vault/trusted-roots.ts'
import { readConfiguration } from './configuration.ts'
import { openLoop } from './loop.ts'
import { openPokeSocket } from './poke-socket.ts'

export type Places = {
  /** For what is remembered. */
  readonly state: string
  readonly socket: string
  readonly observed: string
  /** How vaults are reached. */
  readonly agent: () => Agent
}

export const places: Places = {
  state: '/var/lib/lazuli/key-vault',
  socket: pokeSocket,
  observed: observedCertificatesFile,
  agent: systemAgent(),
}

/** Resolves when it was told to end by SIGTERM or SIGINT; SIGHUP has everything polled at once, and what was put back tried again. */
export async function serve(
  environment: HandlerEnvironment,
  { state, socket, observed, agent }: Places,
): Promise<void> {
  const configuration = readConfiguration(environment)
  if (!configuration) throw new HandlerFailure('There are no settings yet: the service is started by enable')
  const wish = readSettings(configuration.settings)
  const now = () => new Date()
  const clock = () => performance.now()
  const forward = wish.logging && openForward(wish.logging)
  const log = openServiceLog(environment.logFolder, now, ({ level, component, text, at }) =>
    forward?.send({ level, component, message: text }, at),
  )
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

  makeFolder(state, { mode: 0o700 })
  const records = openRecords(state)
  // A restart is how an operator says that what went wrong has been put right.
  forgetRejections(records)
  const tokens = openTokens({ get: getWith({ signal: ending.signal }), now: clock })
  const reader = openPfxReader()
  log(
    'info',
    'VMExtension',
    `${basename(environment.handlerFolder)} has started with settings ${configuration.sequence}.`,
  )
  log('info', 'CertificateManagementConfiguration', found(configuration.settings))
  for (const remark of wish.remarks) log('warning', 'CertificateManagementConfiguration', remark)
  try {
    removeDrafts(wish.certificates)
  } catch (error) {
    log('warning', 'CertificateManager', `What an earlier run left could not be removed: ${String(error)}`)
  }

  const loop = openLoop({
    ...{ wish, records, run, log, now, clock, random: Math.random },
    pause: ms => sleep(ms),
    timer(ms, fire) {
      const timer = setTimeout(fire, ms)
      return () => clearTimeout(timer)
    },
    fetchSecret: openSecrets({ get: getWith({ agent, signal: ending.signal }), tokens, now: () => Date.now() }),
    decode: value => readBundle(value, reader.read),
    onClockJump: tokens.dropAll,
    signal: ending.signal,
    report: status => writeStatus(environment, configuration.sequence, status, now()),
    async publish(certificates) {
      // It is made anew at every start; all that matters is that nobody reads half of it.
      writeFileSync(`${observed}.new`, JSON.stringify({ certificates }), { mode: 0o600 })
      await rename(`${observed}.new`, observed)
    },
  })
  process.on('SIGHUP', loop.tryAgain)
  const pokes = await openPokeSocket(socket, loop.changed)
  await loop.run()
  pokes.close()
  await Promise.all([reader.close(), forward?.close()])
  log('info', 'VMExtension', 'Key Vault extension service has stopped.')
}

/** In the words that operators look for. */
function found(settings: unknown): string {
  const text = JSON.stringify(settings)
  const { secretsManagementSettings: management } = settings as {
    secretsManagementSettings?: { observedCertificates?: unknown[] }
  }
  if (management?.observedCertificates?.every(one => typeof one === 'string')) return 'Found v1.x config'
  return `Found v3.x configuration${/"acls":/.test(text) ? ' with ACL' : ''}`
}
