import { failureText } from '../handler/failure.ts'
import type { Log } from '../handler/log.ts'
import type { Entry, Journal, JournalFile } from './journal.ts'
import type { Step } from './plan.ts'
import type { Host, Secrets } from './step.ts'
import { kindOf } from './steps/index.ts'

export type Setting = { readonly host: Host; readonly file: JournalFile; readonly log: Log }

/** A step that failed, after all that were done before it have been undone. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  /** Of the step's substatus; undefined when no step had begun. */
  readonly setting: string | undefined
  /** What could not be undone, in words. Empty in all but the worst cases. */
  readonly notUndone: readonly string[]

  constructor(setting: string | undefined, cause: unknown, notUndone: readonly string[]) {
    super(failureText(cause), { cause })
    this.setting = setting
    this.notUndone = notUndone
  }
}

/**
 * Does the steps one by one. Either all are done and what `conclude` makes of the journal is on disk, or StepFailed is
 * thrown and none is.
 */
export async function doAll(
  steps: readonly Step[],
  { begun, conclude }: { begun: Journal; conclude: (done: Journal) => Journal },
  setting: Setting,
  secrets: Secrets,
): Promise<Journal> {
  const { host, file, log } = setting
  let journal = begun
  let current: Step | undefined
  try {
    await file.save(journal)
    for (const step of steps) {
      current = step
      const kind = kindOf(step)
      const before = await kind.before(step, host)
      journal = { ...journal, entries: [...journal.entries, { step, before, done: undefined }] }
      await file.save(journal)
      const done = await kind.apply(step, before, host, secrets)
      log.line(done.text)
      journal = { ...journal, entries: [...journal.entries.slice(0, -1), { step, before, done }] }
      await file.save(journal)
    }
    const concluded = conclude(journal)
    await file.save(concluded)
    return concluded
  } catch (error) {
    log.error(`${current?.do ?? 'journal'}: ${failureText(error)}`)
    throw new StepFailed(current && kindOf(current).name, error, await undoAll(journal, setting))
  }
}

/** Undoes what a journal has begun, the last first. Returns what could not be undone: one trouble must not stop the rest. */
export async function undoAll(journal: Journal, { host, file, log }: Setting): Promise<string[]> {
  const troubles: string[] = []
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      troubles.push(`${what}: ${failureText(error)}`)
      log.error(troubles.at(-1) ?? '')
    }
  }
  for (let left = journal.entries; left.length > 0; left = left.slice(0, -1)) {
    const entry: Entry | undefined = left.at(-1)
    if (!entry) break
    const { step, before } = entry
    await attempt(`${step.do} could not be undone`, () => kindOf(step).undo(step, before, host))
    log.line(`Undone: ${step.do}`)
    await attempt('The journal could not be written', () => file.save({ ...journal, entries: left.slice(0, -1) }))
  }
  await attempt('The journal could not be written', () => file.save({ ...journal, entries: [], phase: 'undone' }))
  return troubles
}
