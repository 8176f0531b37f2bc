/**
 * Scripts that an operator runs in the machine. Each is run once: what came of it is kept until the server has it, and
 * one that was under way when the agent ended is not begun again, because nobody knows how far it came.
 */

import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../../wire/agent-report.ts'
import type { WantedCommand } from '../../wire/goal-state.ts'
import { readIfPresent, writeDurably } from '../files.ts'
import type { Log } from '../log.ts'
import { readBody, type Send } from '../server.ts'
import { runProcess } from './process.ts'

export type CommandRunner = {
  /** Begins those that are new, and forgets those that the server no longer asks for. */
  apply(wanted: readonly WantedCommand[]): void
  settled(): Promise<void>
}

/** What Azure shows of each output. */
const keptBytes = 4096
const deliveryPauseMs = 1_000

export function openCommands(parts: {
  /** A folder below it for each command. */
  folder: string
  send: Send
  environment: Readonly<Record<string, string>>
  now: () => number
  pause: (ms: number) => Promise<void>
  log: Log
  signal: AbortSignal
}): CommandRunner {
  const { send, log, now, pause, signal } = parts
  const running = new Map<string, Promise<void>>()
  const placeOf = (id: string) => join(parts.folder, id)

  async function carryOut(wanted: WantedCommand): Promise<void> {
    const place = placeOf(wanted.id)
    const result = await resultOf(wanted, place)
    while (!signal.aborted) {
      try {
        const answer = await send('POST', `/commands/${wanted.id}/result`, { body: result })
        await readBody(answer)
        // Nobody waits for it any more: that is an end, too.
        if (answer.status < 300 || answer.status === 404) return
        throw new Error(`the server answers ${answer.status}`)
      } catch (error) {
        log('warn', "a command's result could not be delivered", { error, command: wanted.id })
        await pause(deliveryPauseMs)
      }
    }
  }

  async function resultOf(wanted: WantedCommand, place: string): Promise<CommandResult> {
    const kept = await readIfPresent(join(place, 'result.json'))
    if (kept !== undefined) return JSON.parse(kept) as CommandResult
    const begunAt = await readIfPresent(join(place, 'begun'))
    const result = begunAt === undefined ? await run(wanted, place) : interrupted(begunAt, now())
    await writeDurably(join(place, 'result.json'), JSON.stringify(result), 0o600)
    return result
  }

  async function run(wanted: WantedCommand, place: string): Promise<CommandResult> {
    await mkdir(place, { recursive: true, mode: 0o700 })
    const script = join(place, 'script.sh')
    await writeDurably(script, wanted.script, 0o700)
    const startedAt = new Date(now()).toISOString()
    await writeDurably(join(place, 'begun'), startedAt, 0o600)
    // A script without a first line that names its interpreter is one for the shell.
    const argv = wanted.script.startsWith('#!') ? ([script] as const) : (['/bin/sh', script] as const)
    const named = wanted.parameters.filter(({ name }) => /^[A-Za-z_]\w*$/.test(name))
    const end = await runProcess(
      {
        argv: [...argv, ...wanted.parameters.map(({ value }) => value)],
        cwd: place,
        env: { ...Object.fromEntries(named.map(({ name, value }) => [name, value])), ...parts.environment },
        timeoutMs: wanted.timeoutSec * 1000,
        keptBytes,
      },
      place,
    )
    return {
      exitCode: end.exitCode ?? -1,
      stdout: end.stdout,
      stderr: end.stderr,
      problem: end.problem,
      startedAt,
      endedAt: new Date(now()).toISOString(),
    }
  }

  async function forget(wanted: readonly WantedCommand[]): Promise<void> {
    await mkdir(parts.folder, { recursive: true, mode: 0o700 })
    for (const id of await readdir(parts.folder)) {
      if (running.has(id) || wanted.some(one => one.id === id)) continue
      await rm(placeOf(id), { recursive: true, force: true })
    }
  }

  return {
    apply(wanted) {
      for (const one of wanted) {
        if (running.has(one.id)) continue
        const work = carryOut(one)
          .catch(error => log('error', 'a command could not be carried out', { error, command: one.id }))
          .finally(() => running.delete(one.id))
        running.set(one.id, work)
      }
      forget(wanted).catch(error => log('warn', 'old commands could not be cleared away', { error }))
    },
    settled: async () => {
      await Promise.all(running.values())
    },
  }
}

const interrupted = (begunAt: string, nowMs: number): CommandResult => ({
  exitCode: -1,
  stdout: '',
  stderr: '',
  problem: 'the agent ended while the script was running; it is not known how far it came',
  startedAt: begunAt,
  endedAt: new Date(nowMs).toISOString(),
})
