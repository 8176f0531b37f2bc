/**
 * The program of the package: `managed-identity COMMAND`, called by a guest agent in the folder where it is unpacked, and
 * `managed-identity serve`, called by systemd as a user who may do nothing else.
 */

import { obeyAgent } from '../handler/command.ts'
import { readEnvironment, variables } from '../handler/environment.ts'
import { openLog } from '../handler/log.ts'
import { run } from '../host/run.ts'
import { enable } from './enable.ts'
import { serve } from './serve.ts'
import { removeUnits, stopUnits } from './units.ts'

obeyAgent(obey)

async function obey(command: string | undefined): Promise<number> {
  switch (command) {
    case 'serve':
      await serve(variables())
      return 0
    // Whatever they would prepare is prepared by enable.
    case 'install':
    case 'update':
      return 0
    case 'enable': {
      const environment = readEnvironment(process.cwd(), variables())
      const now = () => new Date()
      return enable({ environment, run, now, log: openLog(environment, now), node: process.execPath })
    }
    case 'disable':
      await stopUnits(run)
      return 0
    case 'uninstall':
      await removeUnits(run)
      return 0
    default:
      process.stderr.write('usage: managed-identity install | enable | update | disable | uninstall\n')
      return 2
  }
}
