/** The program of the package: `vm-access COMMAND`, called by a guest agent in the folder where it is unpacked. */

import { obeyAgent } from '../handler/command.ts'
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

obeyAgent(obey)

async function obey(command: string | undefined): Promise<number> {
  // What they prepare is prepared by enable, and nothing of what it did is undone by removing the extension: the
  // administrators it made are in use.
  if (command === 'install' || command === 'update' || command === 'disable') return 0
  if (command !== 'enable' && command !== 'uninstall' && command !== 'resume') {
    process.stderr.write('usage: vm-access install | enable | update | disable | uninstall\n')
    return 2
  }
  makeFolder(folder, { mode: 0o700 })
  const world = openWorld()
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

function openWorld(): World {
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
    startWorker: () =>
      startDetached(`${handlerFolder}/${launcher}`, ['resume'], {
        folder: handlerFolder,
        variables: { LAZULI_NODE: process.execPath },
      }),
  }
}
