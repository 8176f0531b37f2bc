/**
 * The two units that keep the endpoint up. systemd itself listens, from early in the boot and also while the program
 * restarts, so that nobody else on the machine can take the port and collect what is asked for there.
 */

import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { HandlerFailure } from '../handler/failure.ts'
import { contentHash, makeFolder, statIfPresent } from '../host/files.ts'
import { findProgram, type Run } from '../host/run.ts'
import { hasSystemd, isUnitPresent, removeUnit, writeUnit } from '../host/systemd.ts'
import type { Program } from './program.ts'
import { type Demotion, name, serviceUnit, socketUnit } from './unit-files.ts'

/** The handler's own folder is root's alone, and the program runs as somebody else. */
const programFolder = '/opt/lazuli/managed-identity'
const [socket, service] = [`${name}.socket`, `${name}.service`]

/** Makes the units and the program what they are to be, and starts them. Resolves with whether anything was changed. */
export async function startUnits(port: number, program: Program, run: Run): Promise<boolean> {
  if (!hasSystemd()) throw new HandlerFailure('The endpoint is kept up by systemd, which does not run here')
  const installed = program.files.map(installProgram)
  const written = [
    await writeUnit(socket, socketUnit(port, { ipv6: statIfPresent('/proc/net/if_inet6') !== undefined })),
    await writeUnit(service, serviceUnit(program.commandIn(programFolder), await demotionHere(run))),
  ]
  if (written.includes(true)) await run('systemctl', ['daemon-reload'])
  await run('systemctl', ['enable', '--quiet', '--', socket])
  const isChanged = [...installed, ...written].includes(true)
  if (isChanged) await run('systemctl', ['stop', '--', socket, service])
  // One that failed too often is not started again before its failures are forgotten.
  await run('systemctl', ['reset-failed', '--', socket, service], { anyExit: true })
  await run('systemctl', ['start', '--', socket])
  return isChanged
}

/** What is not there is stopped already. */
export async function stopUnits(run: Run): Promise<void> {
  if (!isUnitPresent(socket)) return
  await run('systemctl', ['disable', '--quiet', '--now', '--', socket])
  await run('systemctl', ['stop', '--', service])
}

export async function removeUnits(run: Run): Promise<void> {
  await stopUnits(run)
  const isPresent = [socket, service].some(isUnitPresent)
  for (const unit of [socket, service]) removeUnit(unit)
  rmSync(programFolder, { recursive: true, force: true })
  if (isPresent) await run('systemctl', ['daemon-reload'])
}

/** systemd makes no users up where it cannot unshare mounts, as in many containers. */
async function demotionHere(run: Run): Promise<Demotion> {
  const { exitCode } = await run('unshare', ['--mount', 'true'], { anyExit: true })
  if (exitCode === 0) return { by: 'systemd' }
  const path = findProgram('setpriv')
  if (!path) throw new HandlerFailure('Neither systemd nor setpriv can run the endpoint as another user than root')
  return { by: 'setpriv', path }
}

/** A copy, not a link: what the service runs stays whole while the agent replaces the handler's folder. */
function installProgram(file: string): boolean {
  const target = join(programFolder, basename(file))
  if (statIfPresent(target) && contentHash(readFileSync(target)) === contentHash(readFileSync(file))) return false
  makeFolder(programFolder, { mode: 0o755 })
  const draft = `${target}.new`
  copyFileSync(file, draft)
  chmodSync(draft, 0o755)
  renameSync(draft, target)
  return true
}
