/**
 * What a run has begun and what it has done, on disk before and after every step. A run that is killed leaves it behind,
 * and the next one, whatever it is asked for, first goes back to where that one began; so a machine is never left
 * half changed for longer than until the agent calls again.
 */

import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Status, Substatus } from '../handler/status.ts'
import { readTextIfPresent, writeDurably } from '../host/files.ts'
import type { DiskWork } from './disk.ts'
import type { Step } from './plan.ts'
import type { Cleanup, Done } from './step.ts'

export type Entry = { readonly step: Step; readonly before: unknown; readonly done: Done | undefined }

export type Journal = {
  readonly sequence: number
  /** Of the settings, to know a run by when its number has begun anew. */
  readonly digest: string | undefined
  readonly backup: string
  /**
   * changing: entries are being added, and all must be undone if it ends here. undone: they have been, and the run may
   * begin again. changed: nothing is undone any more; `cleanups` and the disk are still to do. finished: `outcome` is
   * what there is to report.
   */
  readonly phase: 'changing' | 'undone' | 'changed' | 'finished'
  readonly entries: readonly Entry[]
  readonly cleanups: readonly Cleanup[]
  readonly substatus: readonly Substatus[]
  readonly disk: DiskWork | undefined
  readonly outcome: Status | undefined
}

export type JournalFile = {
  read(): Journal | undefined
  /** Durable when it resolves. */
  save(journal: Journal): Promise<void>
}

/** The journal of this machine, in a folder of root's own. */
export function journalIn(folder: string): JournalFile {
  const path = join(folder, 'journal.json')
  return {
    read() {
      const text = readTextIfPresent(path)
      if (text === undefined) return undefined
      try {
        return JSON.parse(text)
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        // Written in one step, so it is the disk that has lost it; and access must be recovered all the more then.
        renameSync(path, `${path}.damaged`)
        return undefined
      }
    },
    save: journal => writeDurably(path, JSON.stringify(journal), { mode: 0o600 }),
  }
}
