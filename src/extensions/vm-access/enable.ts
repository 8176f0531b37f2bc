/**
 * `enable`: brings the machine to what the settings wish, once for each number of settings, and reports it. Read this
 * first; everything else is called from here.
 */

import { failureText, HandlerFailure } from '../handler/failure.ts'
import { currentSequence, finishedSequence } from '../handler/sequence.ts'
import { type Settings, settingsDigest, takeSettings } from '../handler/settings.ts'
import { type Substatus, writeStatus } from '../handler/status.ts'
import { backupId } from '../host/backups.ts'
import type { Journal } from './journal.ts'
import { observe } from './observe.ts'
import { failed, finish, inProgress, report } from './outcome.ts'
import { type Already, type Plan, plan } from './plan.ts'
import { complete, resume } from './resume.ts'
import { readWish, type Wish } from './settings.ts'
import type { Done } from './step.ts'
import { kindOf } from './steps/index.ts'
import { doAll, StepFailed, undoAll } from './transaction.ts'
import { settingOf, type World } from './world.ts'

/** Returns the exit code. A status is on disk by then, whatever happened. */
export async function enable(world: World): Promise<0 | 1> {
  const { environment, log, journal } = world
  await recover(world)
  const sequence = currentSequence(environment)
  if (finishedSequence(environment) >= sequence) {
    log.line(`Settings ${sequence} have been applied already.`)
    return 0
  }
  const earlier = journal.read()
  const digest = settingsDigest(environment, sequence)
  // Numbers may begin anew, and the mark of what is done may be lost: with an update of the agent or the extension.
  const isSame = earlier?.sequence === sequence && (digest === undefined || earlier.digest === digest)
  if (earlier && isSame && earlier.phase === 'finished') return report(world, earlier)
  if (earlier && isSame && earlier.phase === 'changed') return complete(world, earlier)
  if (earlier?.phase === 'changed') await resume(world)
  return begin(world, {
    ...{ sequence, digest, backup: backupId(world.now(), sequence), phase: 'changing' },
    ...{ entries: [], cleanups: [], substatus: [], disk: undefined, outcome: undefined },
  })
}

/** Goes back to where a run that was killed had begun: whatever is asked for now, the machine must be whole first. */
export async function recover(world: World): Promise<void> {
  const { journal, log } = world
  const left = journal.read()
  if (left?.phase !== 'changing') return
  log.line(`Run ${left.sequence} did not come to its end and is undone.`)
  await undoAll(left, settingOf(world, left.backup))
}

async function begin(world: World, started: Journal): Promise<0 | 1> {
  const { environment, run, now, log } = world
  const { sequence } = started
  log.line(`Applying settings ${sequence}.`)
  await writeStatus(environment, sequence, inProgress('Applying the settings.'), now())
  let settings: Settings
  try {
    settings = await takeSettings(environment, sequence, run)
  } catch (error) {
    // Azure has no prefix here, and another code.
    return finish(world, blaming(started, 'settings', error), {
      ...failed(''),
      code: 1,
      message: failureText(error),
    })
  }
  try {
    return await complete(world, await change(world, started, settings))
  } catch (error) {
    if (!(error instanceof StepFailed)) {
      return finish(world, blaming(started, 'settings', error), failed(failureText(error)))
    }
    const { setting = 'journal', message, notUndone } = error
    const end = notUndone.length === 0 ? 'All changes have been undone.' : notUndone.join(' ')
    return finish(world, blaming(started, setting, error.cause), failed(`${sentence(message)} ${end}`))
  }
}

/**
 * Whose error it is, for programs on a line of its own: the user's, whose settings cannot be fulfilled as they are, or
 * the system's, with which the same settings may succeed another time. Azure's own codes do not say.
 */
function blaming(journal: Journal, name: string, error: unknown): Journal {
  const whose = error instanceof HandlerFailure ? 'user' : 'system'
  const message = `${failureText(error)}\n${JSON.stringify({ error: whose })}`
  return { ...journal, substatus: [{ name, status: 'error', code: 1, message }] }
}

/** Does all of the wish but the disk. When it returns, there is no way back any more. */
async function change(world: World, begun: Journal, settings: Settings): Promise<Journal> {
  const today = world.now().toISOString().slice(0, 10)
  const setting = settingOf(world, begun.backup)
  const wish = readWish(settings, today)
  const planned = plan(wish, await observe(wish, setting.host, today))
  const conclude = (done: Journal) => changed(wish, planned, done)
  return doAll(planned.steps, { begun, conclude }, setting, { password: wish.user?.password })
}

function changed(wish: Wish, { already }: Plan, journal: Journal): Journal {
  const results = journal.entries.flatMap(({ step, done }) => (done ? [{ name: kindOf(step).name, done }] : []))
  return {
    ...journal,
    phase: 'changed',
    entries: [],
    cleanups: results.flatMap(({ done }) => done.afterwards ?? []),
    substatus: [...remarks(wish), ...already.map(unchanged), ...results.map(applied)],
    disk: wish.disk && { ...wish.disk, unmounted: [] },
  }
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

const remarks = ({ remarks }: Wish): Substatus[] =>
  remarks.map(message => ({ name: 'settings', status: 'warning', code: 0, message }))

const unchanged = ({ name, text, isWarning = false }: Already): Substatus => ({
  ...{ name, code: 0, message: text },
  status: isWarning ? 'warning' : 'success',
})

/** A sentence for people, and the change record for programs on a line of its own. */
const applied = ({ name, done }: { name: string; done: Done }): Substatus => ({
  ...{ name, status: 'success', code: 0 },
  message: done.changes.length === 0 ? done.text : `${done.text}\n${JSON.stringify(done.changes)}`,
})
