/** `enable`: checks the settings, hands them to the service and starts it; the status is the service's from then on. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HandlerEnvironment } from '../handler/environment.ts'
import { failureText } from '../handler/failure.ts'
import { currentSequence, recordFinished } from '../handler/sequence.ts'
import { readPublicSettings } from '../handler/settings.ts'
import { type Status, writeStatus } from '../handler/status.ts'
import { readTextIfPresent } from '../host/files.ts'
import type { Run } from '../host/run.ts'
import { readConfiguration, writeConfiguration } from './daemon/configuration.ts'
import { isRunning, restart } from './daemon/control.ts'
import { settingsStatus } from './daemon/status-report.ts'
import type { ServiceLog } from './logging/service-log.ts'
import { SettingsFailure } from './settings/failure.ts'
import { readSettings } from './settings/read-settings.ts'

export type World = {
  readonly environment: HandlerEnvironment
  readonly run: Run
  readonly now: () => Date
  readonly log: ServiceLog
  /** The Node that runs this. */
  readonly node: string
}

/** The agent gives it five minutes in all. */
const patienceMs = 60_000
const lookEveryMs = 50

const starting: Status = {
  ...{ operation: 'Service start.', status: 'transitioning', code: 0 },
  message: 'Starting the Key Vault extension service.',
}

/** Returns the exit code; a status is on disk by then. */
export async function enable(world: World): Promise<0 | 1> {
  const { environment, log, now } = world
  const sequence = currentSequence(environment)
  try {
    const settings = readPublicSettings(environment, sequence)
    readSettings(settings)
    const before = readConfiguration(environment)
    const isSame = JSON.stringify(before) === JSON.stringify({ sequence, settings })
    // Agents enable everything again whenever they start; that is no reason to ask a vault.
    if (isSame && (await isRunning(world))) return 0
    await writeStatus(environment, sequence, starting, now())
    await writeConfiguration(environment, { sequence, settings })
    await recordFinished(environment, sequence)
    await restart(world)
    return await firstWord(world, sequence)
  } catch (error) {
    const text = error instanceof SettingsFailure ? error.logged : failureText(error)
    log('error', error instanceof SettingsFailure ? 'CertificateManagementConfiguration' : 'VMExtension', text)
    await writeStatus(environment, sequence, settingsStatus(error), now())
    return 1
  }
}

/** Waits until the service has said how it stands. */
async function firstWord({ environment, now }: World, sequence: number): Promise<0 | 1> {
  const path = join(environment.statusFolder, `${sequence}.status`)
  for (const giveUpAt = performance.now() + patienceMs; performance.now() < giveUpAt; await sleep(lookEveryMs))
    if (!readTextIfPresent(path)?.includes(starting.message)) return 0
  const message = 'The Key Vault extension service does not start: systemctl status akvvm_service says why.'
  await writeStatus(environment, sequence, { ...starting, status: 'error', message }, now())
  return 1
}
