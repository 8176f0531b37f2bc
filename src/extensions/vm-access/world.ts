import type { HandlerEnvironment } from '../handler/environment.ts'
import type { Log } from '../handler/log.ts'
import { openAccounts } from '../host/accounts.ts'
import { openBackups } from '../host/backups.ts'
import { readDistribution } from '../host/distribution.ts'
import type { Run } from '../host/run.ts'
import type { JournalFile } from './journal.ts'
import type { Setting } from './transaction.ts'

export type World = {
  readonly environment: HandlerEnvironment
  readonly run: Run
  readonly now: () => Date
  readonly log: Log
  /** Root's own, and the same for all versions of the extension: what one has begun, another must be able to undo. */
  readonly folder: string
  readonly journal: JournalFile
  /** Starts a process that outlives this one and calls `resume`. */
  readonly startWorker: () => void
  /** How long a command waits for that process before it leaves the rest to it. */
  readonly patienceMs: number
}

/** What the steps of a run work with; `backup` names the folder of its copies. */
export function settingOf({ run, log, folder, journal }: World, backup: string): Setting {
  const accounts = openAccounts(run)
  const backups = openBackups(`${folder}/backups`, backup, run)
  return { host: { run, folder, accounts, backups, distribution: readDistribution() }, file: journal, log }
}
