import { readEnvironment, variables } from '../handler/environment.ts'
import { openLog } from '../handler/log.ts'
import { makeFolder } from '../host/files.ts'
import { withLock } from '../host/lock.ts'
import { run, startDetached } from '../host/run.ts'
import { enable, recover } from './enable.ts'
import { journalIn } from './journal.ts'
import { resume } from './resume.ts'
import type { World } from './world.ts'

const folder = '/var/lib/lazuli/vm-access'
const launcher = 'bin/vm-access'

/**
 * What the package's program does when a guest agent calls it in the folder where it is unpacked. Returns the exit code.
 * A command that takes longer than `patienceMs` leaves the rest to a process that goes on.
 */
export async function vmAccess(command: string | undefined, patienceMs: number): Promise<number> {
  // What they prepare is prepared by enable, and nothing of what it did is undone by removing the extension: the
  // administrators it made are in use.
  if (command === 'install' || command === 'update' || command === 'disable') return 0
  if (command !== 'enable' && command !== 'uninstall' && command !== 'resume') {
    process.stderr.write('usage: vm-access install | enable | update | disable | uninstall\n')
    return 2
  }
  makeFolder(folder, { mode: 0o700 })
  const world = openWorld(patienceMs)
  if (command === 'resume') {
    await resume(world)
    return 0
  }
  return withLock(`${folder}/lock`, async () => {
    if (command === 'enable') return enable(world)
    await recover(world)
    return 0
  })
}

function openWorld(patienceMs: number): World {
  const environment = readEnvironment(process.cwd(), variables())
  const { handlerFolder } = environment
  const now = () => new Date()
  return {
    environment,
    run,
    now,
    log: openLog(environment, now),
    folder,
    journal: journalIn(folder),
    patienceMs,
    startWorker: () =>
      startDetached(`${handlerFolder}/${launcher}`, ['resume'], {
        folder: handlerFolder,
        variables: { LAZULI_NODE: process.execPath },
      }),
  }
}
