import { existsSync, readFileSync } from 'node:fs'

/** Which of two programs that work against each other gets which processor. */
export type Side = 'server' | 'load'

const taskset = ['/usr/bin/taskset', '/bin/taskset'].find(existsSync)
const [server, load] = allowedProcessors()

/** Whether programs can be kept apart: measured rates are then rates per core. */
export const arePinned = taskset !== undefined && load !== undefined

/** The command that runs `argv` on one processor alone; `argv` itself where that cannot be. */
export function pinned(side: Side | undefined, argv: readonly string[]): string[] {
  if (!arePinned || side === undefined || taskset === undefined) return [...argv]
  return [taskset, '--cpu-list', String(side === 'server' ? server : load), ...argv]
}

/** Those that this process may run on, as `0-1,4` in proc_pid_status(5). */
function allowedProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  })
}

/**
 * Seconds of processor time that a process has taken so far: utime and stime of proc_pid_stat(5). Rates are taken over
 * these where a server is busy all the time, so that others at work on the same host slow it down but do not count.
 */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSec
}

/** USER_HZ: what the kernel counts in towards programs is the same on every Linux that Node runs on. */
const ticksPerSec = 100
