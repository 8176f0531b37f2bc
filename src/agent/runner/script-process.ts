/**
 * A script that outlives the agent. A shell around it notes which process it is, and how it ended, in the folder where
 * its outputs are; an agent that starts anew finds it there and waits for it as for one of its own.
 */

import { spawn } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno, readIfPresent } from '../files.ts'
import { killGroup, tailOf } from './process.ts'

export type Script = {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

export type ScriptEnd = {
  /** Undefined when it did not end by itself. */
  readonly exitCode: number | undefined
  readonly problem: string
  readonly stdout: string
  readonly stderr: string
}

const supervisor = 'cat /proc/$$/stat > "$0/process"; "$@"; echo $? > "$0/exit.new"; mv "$0/exit.new" "$0/exit"'

const lookEveryMs = 200

/** Starts it in a session of its own. Resolves with what resolves when it has ended, unless this process ends first. */
export async function startScript(place: string, { argv, cwd, env }: Script): Promise<{ ended: Promise<void> }> {
  await mkdir(place, { recursive: true, mode: 0o711 })
  const outputs = await Promise.all(['stdout', 'stderr'].map(name => open(join(place, name), 'wx', 0o600)))
  const [stdout, stderr] = outputs.map(({ fd }) => fd)
  const shell = spawn('/bin/sh', ['-c', supervisor, place, ...argv], {
    ...{ cwd, env, detached: true },
    stdio: ['ignore', stdout, stderr],
  })
  const ended = new Promise<void>(resolve => {
    shell.once('exit', () => resolve())
    shell.once('error', () => resolve())
  })
  await Promise.all(outputs.map(file => file.close()))
  return { ended }
}

type Waiting = {
  /** When it is killed, by `now`. */
  readonly untilMs: number
  readonly limitSec: number
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  /** How much of each of its outputs is kept: the end of it. */
  readonly keptBytes: number
}

/** Waits for a script that this agent or one before it has started. `ended` is for the first case. */
export async function waitForScript(place: string, wait: Waiting, ended?: Promise<void>): Promise<ScriptEnd> {
  let isOver = false
  const over = ended?.then(() => {
    isOver = true
  })
  const end = async (exitCode: number | undefined, problem: string): Promise<ScriptEnd> => {
    const [stdout, stderr] = await Promise.all(
      ['stdout', 'stderr'].map(name => tail(join(place, name), wait.keptBytes)),
    )
    return { exitCode, problem, stdout: stdout ?? '', stderr: stderr ?? '' }
  }
  for (;;) {
    const pid = await runningPid(place)
    const isStarting = over !== undefined && !isOver
    const code = await readIfPresent(join(place, 'exit'))
    if (code !== undefined) return end(Number(code), '')
    if (pid === undefined && !isStarting)
      return end(undefined, 'it was ended from outside; it is not known how far it came')
    if (wait.now() > wait.untilMs) {
      killGroup(pid)
      return end(undefined, `it was killed after ${wait.limitSec} s`)
    }
    await Promise.race([wait.pause(lookEveryMs), ...(isStarting ? [over] : [])])
  }
}

/** Of the shell, when it runs. A number that has come to mean another process does not count. */
async function runningPid(place: string): Promise<number | undefined> {
  const noted = processOf(await readIfPresent(join(place, 'process')))
  if (!noted) return undefined
  const now = processOf(await readStat(noted.pid))
  return now?.startTime === noted.startTime && now.state !== 'Z' ? noted.pid : undefined
}

/** Undefined for a process that is gone, or goes between the opening of the file and the reading. */
const readStat = (pid: number) =>
  readIfPresent(`/proc/${pid}/stat`).catch(error => {
    if (isErrno(error, 'ESRCH')) return undefined
    throw error
  })

/** proc_pid_stat(5): the name in parentheses may contain anything; state is the first field behind it, start the 20th. */
function processOf(stat: string | undefined) {
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields?.[0], fields?.[19]]
  return stat && state && startTime ? { pid: Number.parseInt(stat, 10), state, startTime } : undefined
}

async function tail(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r').catch(error => {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  })
  if (!file) return ''
  try {
    return await tailOf(file, bytes)
  } finally {
    await file.close()
  }
}
