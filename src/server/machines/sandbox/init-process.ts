/** The first process of a machine, seen from the host. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno } from '../../store/durable-file.ts'

/** A process id alone may come to mean another process; with the start time (clock ticks since boot) it does not. */
export type InitProcess = { readonly pid: number; readonly startTime: string }

/** systemd(1): SIGRTMIN+3 starts halt.target. The C library's SIGRTMIN is 34. */
const haltSignal = 37

const sshPort = 22
const listenState = '0A'
const pollMs = 10

/** Undefined when there is no such process, or only a zombie that nobody has collected. */
export function findProcess(pid: number): InitProcess | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)
  // proc_pid_stat(5): the name in parentheses may contain anything; state is the first field behind it, start the 20th.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields?.[0], fields?.[19]]
  return state === undefined || startTime === undefined || state === 'Z' || state === 'X'
    ? undefined
    : { pid, startTime }
}

export const isAlive = ({ pid, startTime }: InitProcess): boolean => findProcess(pid)?.startTime === startTime

/** Asks systemd to shut the machine down. */
export const askToHalt = (init: InitProcess): void => signal(init, haltSignal)

/** Ends the machine now: the kernel kills every process of a pid namespace with its first one. */
export const kill = (init: InitProcess): void => signal(init, 'SIGKILL')

/** Returns whether the process ended in time. */
export async function waitForEnd(init: InitProcess, timeoutMs: number): Promise<boolean> {
  return waitUntil(() => !isAlive(init), timeoutMs)
}

/**
 * Waits until the machine's SSH port listens, and at most `timeoutMs`: a machine that has none is running, too. Looks
 * at the kernel's socket table, so the machine's log shows nothing of it.
 */
export async function waitForSsh(
  init: InitProcess,
  { timeoutMs, giveUp }: { timeoutMs: number; giveUp: () => boolean },
): Promise<void> {
  await waitUntil(() => giveUp() || !isAlive(init) || listensOn(init.pid, sshPort), timeoutMs)
}

function listensOn(pid: number, port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['tcp', 'tcp6'].some(table =>
    readIfThere(`/proc/${pid}/net/${table}`)
      ?.split('\n')
      .some(line => {
        const [, local, , state] = line.trim().split(/\s+/)
        return state === listenState && local?.endsWith(suffix)
      }),
  )
}

async function waitUntil(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = AbortSignal.timeout(timeoutMs)
  while (!isTrue()) {
    if (deadline.aborted) return false
    await sleep(pollMs)
  }
  return true
}

function signal(init: InitProcess, name: number | 'SIGKILL'): void {
  if (!isAlive(init)) return
  try {
    process.kill(init.pid, name)
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH') || isErrno(error, 'EINVAL')) return undefined
    throw error
  }
}
