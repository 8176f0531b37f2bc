import { readFileSync } from 'node:fs'
import { isErrno } from '../server/store/durable-file.ts'

/** Whether there is a process with this number that has not ended. */
export function isRunning(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false
    // It is somebody else's.
    if (isErrno(error, 'EPERM')) return true
    throw error
  }
  return !isZombie(pid)
}

/** One that has ended keeps its number until its parent has asked after it, which not every parent does. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) return false
    throw error
  }
}
