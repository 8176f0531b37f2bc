/** `lazuli up` as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const launcher = resolve(import.meta.dirname, '../bin/lazuli.cjs')

/** The line that `lazuli up --json` prints when it serves. */
type ReadyLine = {
  readonly ready: true
  readonly url: string
  readonly data: string
  readonly pid: number
  readonly machines: 'sandbox' | 'none'
}

export type ServerProcess = ReadyLine & {
  /** Resolves with the exit code when the process is gone; -1 stands for a signal. */
  kill(signal: NodeJS.Signals): Promise<number>
  /** What it has written to its log lately. */
  log(): string
}

/** Generous: what is slow is a busy host. */
const startLimitMs = 90_000
const stopLimitMs = 30_000
const keptLog = 64 * 1024

export async function startServerProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [launcher, 'up', '--json', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? -1))
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-keptLog)
  })
  const ended = exit.then(code => {
    throw new Error(`lazuli up ended with ${code}: ${log}`)
  })
  const ready = await within(startLimitMs, Promise.race([readyLine(child), ended]), () => {
    child.kill('SIGKILL')
    return new Error(`lazuli up is not ready after ${startLimitMs} ms: ${log}`)
  })

  return {
    ...ready,
    log: () => log,
    async kill(signal) {
      if (isRunning(child)) process.kill(ready.pid, signal)
      return within(stopLimitMs, exit, () => {
        // The server, and the launcher in front of it when there is one.
        for (const pid of new Set([ready.pid, child.pid ?? ready.pid])) process.kill(pid, 'SIGKILL')
        return new Error(`lazuli up (${ready.pid}) runs on ${stopLimitMs} ms after ${signal}: ${log}`)
      })
    },
  }
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null

async function readyLine(child: ChildProcess): Promise<ReadyLine> {
  if (!child.stdout) throw new Error('no standard output')
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'ready' in said) return said as ReadyLine
  }
  return new Promise(() => undefined)
}

/** `late` is called, and says what went wrong, when `work` has not ended in time. */
async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  try {
    return await Promise.race([work, overdue])
  } finally {
    clearTimeout(timer)
  }
}
