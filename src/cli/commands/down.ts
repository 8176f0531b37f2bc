import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { directoryHolder } from '../../server/store/directory-lock.ts'
import { signIn } from '../client.ts'
import { Failure, failed } from '../failure.ts'
import { type DataOption, directoryOf, runningInstallation } from '../installation.ts'
import { isRunning } from '../is-running.ts'
import { print, tell } from '../print.ts'

type DownOptions = DataOption & { readonly keepMachines?: true }

/** Machines shut down as a machine does, which takes them some seconds. */
const askedLimitMs = 60_000
const signalledLimitMs = 15_000

export function addDown(program: Command): void {
  program
    .command('down')
    .description('stop the server and its machines')
    .option('--data <dir>', 'data directory')
    .option('--keep-machines', 'let machines run on; the next server finds them again')
    .action(async (options: DownOptions) => {
      const directory = directoryOf(options)
      const pid = directoryHolder(directory)
      if (pid === undefined) {
        print(`No server is running on ${directory}.`)
        return
      }
      const asked = await ask(directory, options)
      if (!asked && pid > 0) process.kill(pid, 'SIGTERM')
      const isOver = () => directoryHolder(directory) === undefined && !isRunning(pid)
      if (!(await comesTrue(isOver, asked ? askedLimitMs : signalledLimitMs))) {
        throw failed(`The server (pid ${pid}) does not stop.`, `End it the hard way: kill -KILL ${pid}`)
      }
      print(`The server (pid ${pid}) has stopped.`)
    })
}

/** Whether the server took the request. One that cannot be asked is told by a signal, which stops machines, too. */
async function ask(directory: string, { keepMachines }: DownOptions): Promise<boolean> {
  try {
    const client = await signIn(await runningInstallation(directory))
    await client.ask('POST', '/providers/Lazuli.Server/stop', { machines: keepMachines ? 'keep' : 'stop' })
    return true
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    tell(`${error.message} It is told to stop by a signal instead.`)
    return false
  }
}

async function comesTrue(condition: () => boolean, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > until) return false
    await pause(30)
  }
  return true
}
