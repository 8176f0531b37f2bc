import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isErrno, readTextIfPresent } from './files.ts'
import { findProgram, type Run } from './run.ts'

const rounds = 40

/**
 * Ends all that runs as a user, and returns how many processes there were. The account must be closed beforehand, or
 * new ones may come. Throws when some remain.
 */
export async function endSessions(name: string, uid: number, run: Run): Promise<number> {
  const atFirst = processesOf(uid).length
  if (atFirst === 0) return 0
  // systemd would start a user's units again; and it is the one that knows how to stop them.
  if (findProgram('loginctl'))
    await run('loginctl', ['terminate-user', '--', name], { anyExit: true, timeoutMs: 20_000 })
  for (let round = 0; round < rounds; round++) {
    const remaining = processesOf(uid)
    if (remaining.length === 0) return atFirst
    signalAll(uid)
    for (const pid of remaining) signal(pid, uid)
    await pause(50)
  }
  throw new Error(`${processesOf(uid).length} processes of ${name} do not end`)
}

/** The ids of the processes of which `uid` is the real, effective or saved user. */
export function processesOf(uid: number): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => belongsTo(pid, uid))
}

function belongsTo(pid: number, uid: number): boolean {
  const [, ids = ''] = /^Uid:\s+(.*)$/m.exec(readStatus(pid)) ?? []
  const [real, effective, saved] = ids.split(/\s+/).map(Number)
  // A set-uid program such as sudo or su, started by the user, is root by now, and the way for the user to be root.
  return [real, effective, saved].includes(uid) && !/^State:\s+Z/m.test(readStatus(pid))
}

function readStatus(pid: number): string {
  try {
    return readTextIfPresent(`/proc/${pid}/status`) ?? ''
  } catch (error) {
    // ESRCH: it ended while we read.
    if (isErrno(error, 'ESRCH')) return ''
    throw error
  }
}

/**
 * Ends, in one step of the kernel, all that the user may signal. Processes that are signalled one by one can make others
 * faster than they are found.
 */
function signalAll(uid: number): void {
  const own = process.geteuid?.()
  // As root, this would end the machine.
  if (uid === 0 || own !== 0) return
  try {
    // The real user stays root: nobody else can signal this process meanwhile.
    process.seteuid?.(uid)
    if (process.geteuid?.() === uid) process.kill(-1, 'SIGKILL')
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  } finally {
    process.seteuid?.(own)
  }
}

function signal(pid: number, uid: number): void {
  // Ids are given out again: ask once more, right before.
  if (!belongsTo(pid, uid)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}
