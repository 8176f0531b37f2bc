/** `enable`: has systemd listen at the port of the settings, and reports whether tokens can be asked for there. */

import type { HandlerEnvironment } from '../handler/environment.ts'
import { failureText } from '../handler/failure.ts'
import type { Log } from '../handler/log.ts'
import { currentSequence, recordFinished } from '../handler/sequence.ts'
import { takeSettings } from '../handler/settings.ts'
import { type Status, writeStatus } from '../handler/status.ts'
import type { Run } from '../host/run.ts'
import { probe } from './probe.ts'
import { programOf } from './program.ts'
import { readPort } from './settings.ts'
import { startUnits } from './units.ts'

export type World = {
  readonly environment: HandlerEnvironment
  readonly run: Run
  readonly now: () => Date
  readonly log: Log
  /** The Node that runs this. */
  readonly node: string
}

/**
 * Returns the exit code; a status is on disk by then. The number of the settings is recorded, but not asked whether it
 * has been done: an update of the extension disables the old version and enables the new one with the same number.
 */
export async function enable({ environment, run, now, log, node }: World): Promise<0 | 1> {
  const sequence = currentSequence(environment)
  const report = async (status: Status): Promise<0 | 1> => {
    await writeStatus(environment, sequence, status, now())
    await recordFinished(environment, sequence)
    log.line(`Settings ${sequence}: ${status.message}`)
    return status.status === 'error' ? 1 : 0
  }
  try {
    const { publicSettings } = await takeSettings(environment, sequence, run)
    const port = readPort(publicSettings)
    const changed = await startUnits(port, programOf(environment, node), run)
    await probe(port)
    const message = `Tokens are given at http://localhost:${port}/oauth2/token.`
    const substatus = [{ name: 'endpoint', status: 'success', code: 0, message } as const]
    log.line(changed ? 'The units have been installed and started.' : 'The units are as they should be.')
    return await report({ operation: 'Enable', status: 'success', code: 0, message: 'Enable succeeded.', substatus })
  } catch (error) {
    return report({ operation: 'Enable', status: 'error', code: 1, message: `Enable failed: ${failureText(error)}` })
  }
}
