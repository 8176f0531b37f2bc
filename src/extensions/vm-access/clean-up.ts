import { failureText } from '../handler/failure.ts'
import { statIfPresent } from '../host/files.ts'
import { findProgram } from '../host/run.ts'
import type { Cleanup } from './step.ts'
import { deleteTree } from './steps/accounts.ts'
import type { Setting } from './transaction.ts'

/** Removes what removed users have left. It was out of the way before, so a failure is for the log only. */
export async function cleanUp(
  cleanups: readonly Cleanup[],
  { host, log }: Pick<Setting, 'host' | 'log'>,
): Promise<void> {
  for (const cleanup of cleanups) {
    try {
      if ('delete' in cleanup) {
        if (statIfPresent(cleanup.delete)) await deleteTree(cleanup.delete, host.run)
      } else if (findProgram('crontab') && !host.accounts.find(cleanup.crontabOf)) {
        await host.run('crontab', ['-u', cleanup.crontabOf, '-r'], { anyExit: true })
      }
    } catch (error) {
      log.error(`What a removed user has left remains: ${failureText(error)}`)
    }
  }
}
