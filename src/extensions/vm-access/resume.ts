/** What is left of a run after its changes, from which there is no way back: deleting what was removed, and the disk. */

import { setTimeout as pause } from 'node:timers/promises'
import { writeStatus } from '../handler/status.ts'
import { withLock } from '../host/lock.ts'
import { cleanUp } from './clean-up.ts'
import { doDiskWork } from './disk.ts'
import type { Journal } from './journal.ts'
import { finish, inProgress, report, succeeded } from './outcome.ts'
import { settingOf, type World } from './world.ts'

/** Brings a changed run to its end, or leaves it to a worker that goes on. Returns the exit code. */
export async function complete(world: World, changed: Journal): Promise<0 | 1> {
  if (!changed.disk) {
    await cleanUp(changed.cleanups, settingOf(world, changed.backup))
    return finish(world, changed, succeeded)
  }
  const { environment, now, journal, patienceMs } = world
  const { sequence, substatus } = changed
  await writeStatus(environment, sequence, { ...inProgress('The disk is being looked after.'), substatus }, now())
  world.startWorker()
  for (let waitedMs = 0, stepMs = 20; waitedMs < patienceMs; waitedMs += stepMs) {
    const current = journal.read()
    if (current?.phase === 'finished') return report(world, current)
    await pause(stepMs)
    stepMs = Math.min(stepMs * 2, 1_000)
  }
  return 0
}

/** The worker: does what a changed run has left. Several may be started; the lock lets one work. */
export async function resume(world: World): Promise<void> {
  const { journal, folder, run } = world
  await withLock(`${folder}/worker.lock`, async () => {
    const changed = journal.read()
    if (changed?.phase !== 'changed') return
    await cleanUp(changed.cleanups, settingOf(world, changed.backup))
    if (!changed.disk) return void (await finish(world, changed, succeeded))
    const save = (disk: Journal['disk']) => journal.save({ ...changed, disk })
    const { failure, substatus } = await doDiskWork(changed.disk, { run, save })
    await finish(world, { ...changed, substatus: [...changed.substatus, ...substatus] }, failure ?? succeeded)
  })
}
