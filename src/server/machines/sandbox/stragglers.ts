import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno } from '../../store/durable-file.ts'
import type { Site } from './site.ts'

const programs = ['runc', 'ip', 'mount', 'umount', 'rm', 'nsenter']
const patienceMs = 10_000

/**
 * Waits for the programs that a killed server had just started: they go on without it, and would make things behind the
 * back of whoever is clearing up. Each of them ends by itself in a moment.
 */
export async function waitForStragglers(site: Site): Promise<void> {
  const deadline = AbortSignal.timeout(patienceMs)
  while (!deadline.aborted && pids().some(pid => worksFor(pid, site))) await sleep(20)
}

const pids = () => readdirSync('/proc').filter(name => /^\d+$/.test(name))

function worksFor(pid: string, { stateDir, network }: Site): boolean {
  const [command = '', ...args] = ifAlive('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  if (programs.includes(basename(command))) return args.some(arg => arg.includes(stateDir) || arg.includes(network))
  // What runs in a machine that is being made; once it runs, its root is a mount of its own and reads as `/`.
  return ifAlive('', () => readlinkSync(`/proc/${pid}/root`)).startsWith(`${stateDir}/`)
}

function ifAlive(otherwise: string, look: () => string): string {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].some(code => isErrno(error, code))) return otherwise
    throw error
  }
}
