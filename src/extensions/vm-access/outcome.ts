import { recordFinished } from '../handler/sequence.ts'
import { type Status, writeStatus } from '../handler/status.ts'
import type { Journal } from './journal.ts'
import { settingOf, type World } from './world.ts'

export const succeeded: Status = { operation: 'Enable', status: 'success', code: 0, message: 'Enable succeeded.' }

export const failed = (reason: string): Status => ({
  operation: 'Enable',
  status: 'error',
  code: 0,
  message: `Enable failed: ${reason}`,
})

export const inProgress = (message: string): Status => ({
  operation: 'Enable',
  status: 'transitioning',
  code: 0,
  message,
})

/** Records and reports how a run ended, in an order in which a kill at any point lets the next call do the rest. */
export async function finish(world: World, journal: Journal, outcome: Status): Promise<0 | 1> {
  const finished: Journal = {
    ...journal,
    phase: 'finished',
    // What entries knew is needed no more, and some of it is better forgotten: former password hashes.
    entries: [],
    cleanups: [],
    disk: undefined,
    outcome: { ...outcome, substatus: journal.substatus },
  }
  await world.journal.save(finished)
  settingOf(world, journal.backup).host.backups.prune()
  return report(world, finished)
}

/** Tells the agent what a finished run has come to. Returns the exit code. */
export async function report({ environment, now, log }: World, { sequence, outcome }: Journal): Promise<0 | 1> {
  const status = outcome ?? succeeded
  await writeStatus(environment, sequence, status, now())
  await recordFinished(environment, sequence)
  log.line(`Settings ${sequence}: ${status.message}`)
  return status.status === 'error' ? 1 : 0
}
