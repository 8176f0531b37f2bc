/** Starts and stops the service: a unit of systemd, or a supervised program where there is no systemd. */

import { join } from 'node:path'
import type { HandlerEnvironment } from '../../handler/environment.ts'
import { statIfPresent } from '../../host/files.ts'
import { type Run, startDetached } from '../../host/run.ts'
import { endSupervisor, supervisorOf } from '../../host/supervised.ts'
import { hasSystemd, isUnitPresent, removeUnit, writeUnit } from '../../host/systemd.ts'
import { unitFile, unitName } from './unit-file.ts'

export const pidFile = '/run/lazuli/akvvm_service.pid'

/** The handler's program: the single executable that the package may carry, or the one for the Node that runs now. */
export function programIn(handlerFolder: string, node: string): readonly [string, ...string[]] {
  const executable = join(handlerFolder, 'bin', 'key-vault.exe')
  return statIfPresent(executable) ? [executable] : [node, join(handlerFolder, 'key-vault.mjs')]
}

type Setting = { readonly environment: HandlerEnvironment; readonly run: Run; readonly node: string }

/** Whether it runs, and is this version's. */
export async function isRunning({ environment, run, node }: Setting): Promise<boolean> {
  if (!hasSystemd()) return supervisorOf(pidFile) !== undefined
  const { handlerFolder } = environment
  const text = unitFile([...programIn(handlerFolder, node), 'serve'], handlerFolder)
  if (await writeUnit(unitName, text)) return false
  return (await run('systemctl', ['is-active', '--quiet', '--', unitName], { anyExit: true })).exitCode === 0
}

/** Starts it anew, with whatever is configured now. */
export async function restart({ environment, run, node }: Setting): Promise<void> {
  const { handlerFolder } = environment
  if (hasSystemd()) {
    await writeUnit(unitName, unitFile([...programIn(handlerFolder, node), 'serve'], handlerFolder))
    await run('systemctl', ['daemon-reload'])
    await run('systemctl', ['enable', '--quiet', '--', unitName])
    await run('systemctl', ['restart', '--', unitName])
    return
  }
  await endSupervisor(pidFile)
  const [program, ...args] = programIn(handlerFolder, node)
  startDetached(program, [...args, 'supervise'], { folder: handlerFolder, variables: {} })
}

/** What does not run is stopped already. */
export async function stop(run: Run): Promise<void> {
  await endSupervisor(pidFile)
  if (hasSystemd() && isUnitPresent(unitName))
    await run('systemctl', ['disable', '--quiet', '--now', '--', unitName], { timeoutMs: 90_000 })
}

/** The certificates stay: what uses them goes on using them. */
export async function remove(run: Run): Promise<void> {
  await stop(run)
  if (!isUnitPresent(unitName)) return
  removeUnit(unitName)
  if (hasSystemd()) await run('systemctl', ['daemon-reload'])
}
