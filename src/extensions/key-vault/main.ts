/**
 * The program of the package: `key-vault COMMAND`, called by a guest agent in the folder where it is unpacked, and
 * `key-vault serve`, the service that keeps certificates up to date.
 */

import { rmSync } from 'node:fs'
import { obeyAgent } from '../handler/command.ts'
import { readEnvironment, variables } from '../handler/environment.ts'
import { run } from '../host/run.ts'
import { supervise } from '../host/supervised.ts'
import { pidFile, programIn, remove, stop } from './daemon/control.ts'
import { forget } from './daemon/forget.ts'
import { places, serve } from './daemon/serve.ts'
import { enable } from './enable.ts'
import { openServiceLog } from './logging/service-log.ts'

obeyAgent(obey)

async function obey(command: string | undefined): Promise<number> {
  const environment = () => readEnvironment(process.cwd(), variables())
  switch (command) {
    // Whatever they would prepare is prepared by enable.
    case 'install':
    case 'update':
      return 0
    case 'enable': {
      const now = () => new Date()
      const log = openServiceLog(environment().logFolder, now)
      return enable({ environment: environment(), run, now, log, node: process.execPath })
    }
    case 'disable':
      await stop(run)
      return 0
    case 'uninstall':
      await remove(run)
      rmSync(places.observed, { force: true })
      forget(environment(), places)
      return 0
    case 'serve':
      await serve(environment(), places)
      return 0
    case 'supervise':
      await supervise(pidFile, [...programIn(process.cwd(), process.execPath), 'serve'])
      return 0
    default:
      process.stderr.write('usage: key-vault install | enable | update | disable | uninstall\n')
      return 2
  }
}
