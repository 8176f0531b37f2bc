/**
 * Keeps a program running on a machine without systemd: a supervisor, which is started once and starts the program anew
 * whenever it ends. A file says which process the supervisor is; the time of its start tells it from one that happens to
 * have its number later.
 */

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readTextIfPresent } from './files.ts'

const restartMs = 2_000
const patienceMs = 80_000

/** Runs the program, again and again, until this process is told to end; then the program is told so, too. */
export async function supervise(pidFile: string, [command, ...args]: readonly [string, ...string[]]): Promise<void> {
  mkdirSync(dirname(pidFile), { recursive: true, mode: 0o755 })
  writeFileSync(pidFile, `${process.pid} ${startOf(process.pid)}`, { mode: 0o600 })
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
  while (!ending.signal.aborted) {
    const child = spawn(command, args, { stdio: 'ignore' })
    const ended = new Promise<void>(resolve => {
      child.once('error', () => resolve())
      child.once('exit', () => resolve())
    })
    const tell = () => child.kill('SIGTERM')
    ending.signal.addEventListener('abort', tell, { once: true })
    await ended
    ending.signal.removeEventListener('abort', tell)
    await sleep(restartMs, undefined, { signal: ending.signal }).catch(() => undefined)
  }
  rmSync(pidFile, { force: true })
}

/** The supervisor's process; undefined when it does not run. */
export function supervisorOf(pidFile: string): number | undefined {
  const [pid = '', start = ''] = (readTextIfPresent(pidFile) ?? '').split(' ')
  const number = Number(pid)
  return number > 1 && start !== '' && startOf(number) === start ? number : undefined
}

/** Resolves when it has ended; it is killed when it does not. */
export async function endSupervisor(pidFile: string): Promise<void> {
  const pid = supervisorOf(pidFile)
  if (pid === undefined) return
  process.kill(pid, 'SIGTERM')
  for (const giveUpAt = performance.now() + patienceMs; supervisorOf(pidFile) === pid; await sleep(50))
    if (performance.now() > giveUpAt) process.kill(pid, 'SIGKILL')
}

/** proc(5): field 22 is when it was started; the name before it may hold anything. Empty for one that is gone. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    // There is no such process.
    return ''
  }
}
