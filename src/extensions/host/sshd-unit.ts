/** The service that sshd is: found by asking the init system, because distributions disagree on its name. */

import { setTimeout as pause } from 'node:timers/promises'
import { readTextIfPresent, statIfPresent } from './files.ts'
import { CommandFailed, findProgram, type Run } from './run.ts'

export type SshUnit =
  | { readonly init: 'systemd'; readonly service: string; readonly socket: string | undefined }
  | { readonly init: 'openrc' | 'sysv'; readonly service: string; readonly socket: undefined }
  | { readonly init: 'none'; readonly service: string; readonly socket: undefined }

const names = ['ssh', 'sshd']

/** Asks what there is and what runs. */
export async function findSshUnit(run: Run): Promise<SshUnit> {
  if (statIfPresent('/run/systemd/system') && findProgram('systemctl')) {
    const loaded = async (unit: string) => (await show(unit, run)).loaded
    const services = await Promise.all(names.map(async name => ((await loaded(`${name}.service`)) ? name : undefined)))
    const service = services.find(name => name !== undefined) ?? 'sshd'
    const sockets = await Promise.all(
      names.map(async name => ((await show(`${name}.socket`, run)).active ? name : undefined)),
    )
    const socket = sockets.find(name => name !== undefined)
    return { init: 'systemd', service: `${service}.service`, socket: socket && `${socket}.socket` }
  }
  const script = names.find(name => statIfPresent(`/etc/init.d/${name}`)) ?? 'sshd'
  if (findProgram('rc-service')) return { init: 'openrc', service: script, socket: undefined }
  if (findProgram('service') && statIfPresent(`/etc/init.d/${script}`))
    return { init: 'sysv', service: script, socket: undefined }
  return { init: 'none', service: 'sshd', socket: undefined }
}

async function show(unit: string, run: Run): Promise<{ loaded: boolean; active: boolean }> {
  const { stdout } = await run('systemctl', ['show', '-p', 'LoadState,ActiveState', '--', unit], { anyExit: true })
  const text = stdout.toString('utf8')
  return { loaded: /^LoadState=loaded$/m.test(text), active: /^ActiveState=(active|reloading)$/m.test(text) }
}

/**
 * Has the running sshd read its configuration again; sessions stay, and so does the process. One that does not run is
 * started, and one that a socket starts needs nothing. Returns a sentence for the change record.
 */
export async function reloadSshd(unit: SshUnit, run: Run): Promise<string> {
  if (unit.init === 'systemd') {
    const { active } = await show(unit.service, run)
    if (!active && unit.socket) return `${unit.socket} starts sshd with the new configuration.`
    // A unit that failed too often is not started again before its failures are forgotten.
    if (!active) await run('systemctl', ['reset-failed', '--', unit.service], { anyExit: true })
    await run('systemctl', [active ? 'reload' : 'start', '--', unit.service])
    return `${unit.service} was ${active ? 'reloaded' : 'started'}.`
  }
  if (unit.init === 'none') {
    const pid = Number(readTextIfPresent('/run/sshd.pid')?.trim() ?? '')
    if (!isSshd(pid)) return 'No running sshd was found; the next one will read the new configuration.'
    process.kill(pid, 'SIGHUP')
    return `sshd (process ${pid}) was told to read its configuration.`
  }
  const command = unit.init === 'openrc' ? 'rc-service' : 'service'
  try {
    await run(command, [unit.service, 'reload'])
    return `${unit.service} was reloaded.`
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    // reload fails when it does not run; start does nothing when it does.
    await run(command, [unit.service, 'start'])
    return `${unit.service} was started.`
  }
}

/** The ports on which systemd listens for sshd; none where sshd does that itself. */
export async function socketPorts(unit: SshUnit, run: Run): Promise<number[]> {
  if (unit.socket === undefined) return []
  const { stdout } = await run('systemctl', ['show', '-p', 'Listen', '--', unit.socket], { anyExit: true })
  return [...stdout.toString('utf8').matchAll(/^Listen=.*:(\d+) \(Stream\)$/gm)].map(([, port]) => Number(port))
}

/** With socket activation, systemd listens, on ports that a generator reads from sshd's configuration. */
export async function reloadPorts(unit: SshUnit, run: Run): Promise<void> {
  if (unit.init !== 'systemd' || !unit.socket) return
  await run('systemctl', ['daemon-reload'])
  await run('systemctl', ['restart', '--', unit.socket])
}

/** Waits until something listens on each port. Returns the ports where nothing does, when the time is over. */
export async function silentPorts(ports: readonly number[], patienceMs: number): Promise<number[]> {
  for (const endMs = Date.now() + patienceMs; ; await pause(50)) {
    const listening = listeningPorts()
    const silent = ports.filter(port => !listening.has(port))
    if (silent.length === 0 || Date.now() > endMs) return silent
  }
}

function listeningPorts(): Set<number> {
  const listenState = '0A'
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => (readTextIfPresent(path) ?? '').split('\n'))
  const ports = lines.map(line => line.trim().split(/\s+/)).filter(fields => fields[3] === listenState)
  return new Set(ports.map(fields => Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16)))
}

function isSshd(pid: number): boolean {
  return pid > 1 && readTextIfPresent(`/proc/${pid}/comm`)?.trim() === 'sshd'
}
