/**
 * Scripts that an operator runs in the machine. Each is run once, and goes on when the agent ends: the next one waits for
 * it. What came of it is kept for a while, also when the server seems to have it, because a server that has lost what it
 * knew asks again.
 */

import { chmod, chown, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CommandResult } from '../../wire/agent-report.ts'
import type { CommandParameter, WantedCommand } from '../../wire/goal-state.ts'
import { readIfPresent, writeDurably } from '../files.ts'
import type { Log } from '../log.ts'
import { readBody, type Send } from '../server.ts'
import { startScript, waitForScript } from './script-process.ts'
import { scriptText } from './script-source.ts'
import { asUser, findUser } from './script-user.ts'

export type CommandRunner = {
  /** Begins those that are new, and forgets those that the server no longer asks for. */
  apply(wanted: readonly WantedCommand[]): void
  settled(): Promise<void>
}

/** What Azure shows of each output. */
const keptBytes = 4096
const deliveryPauseMs = 1_000
/** Nobody asks for a result later than this. */
const keptMs = 86_400_000

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
    const result = await outcomeOf(wanted, place)
    await writeDurably(join(place, 'result.json'), JSON.stringify(result), 0o600)
    // The script may have had secrets in it.
    for (const name of ['script.sh', 'stdout', 'stderr']) await rm(join(place, name), { force: true })
    return result
  }

  async function outcomeOf(wanted: WantedCommand, place: string): Promise<CommandResult> {
    const begunBefore = await readIfPresent(join(place, 'begun'))
    const startedAt = begunBefore ?? new Date(now()).toISOString()
    const result = (end: Pick<CommandResult, 'exitCode' | 'problem'> & Partial<CommandResult>): CommandResult => ({
      ...{ stdout: '', stderr: '', startedAt, endedAt: new Date(now()).toISOString() },
      ...end,
    })
    try {
      const started = begunBefore === undefined ? await begin(wanted, place, startedAt) : undefined
      const { timeoutSec } = wanted
      const untilMs = Date.parse(startedAt) + timeoutSec * 1000
      const wait = { untilMs, limitSec: timeoutSec, now, pause, keptBytes }
      const end = await waitForScript(place, wait, started?.ended)
      return result({ ...end, exitCode: end.exitCode ?? -1 })
    } catch (error) {
      return result({ exitCode: -1, problem: error instanceof Error ? error.message.slice(0, 1000) : String(error) })
    }
  }

  async function begin(wanted: WantedCommand, place: string, startedAt: string): Promise<{ ended: Promise<void> }> {
    // Others may pass through these folders, as the script's user does, and see nothing of what is in them.
    for (const folder of [dirname(parts.folder), parts.folder, place]) {
      await mkdir(folder, { recursive: true, mode: 0o711 })
      await chmod(folder, 0o711)
    }
    const script = join(place, 'script.sh')
    const text = await scriptText(wanted.source).catch(error => {
      throw new Error(`The script could not be downloaded: ${error instanceof Error ? error.message : String(error)}`)
    })
    await writeDurably(script, text, 0o500)
    const isRoot = wanted.user === 'root'
    const user = isRoot ? undefined : await findUser(wanted.user, { env: parts.environment, scratch: place })
    if (!isRoot && !user) throw new Error(`There is no user '${wanted.user}' in this machine.`)
    if (user) await chown(script, user.uid, user.gid)
    // A script without a first line that names its interpreter is one for the shell.
    const command = text.startsWith('#!') ? [script] : ['/bin/sh', script]
    await writeDurably(join(place, 'begun'), startedAt, 0o600)
    return startScript(place, {
      argv: [...(user ? asUser(user) : []), ...command, ...wanted.parameters.map(({ value }) => value)],
      cwd: user ? await folderOr(user.home, '/') : place,
      env: {
        ...variables([...wanted.parameters, ...wanted.protectedParameters]),
        ...parts.environment,
        ...(user ? { HOME: user.home, USER: wanted.user, LOGNAME: wanted.user } : {}),
      },
    })
  }

  async function forget(wanted: readonly WantedCommand[]): Promise<void> {
    await mkdir(parts.folder, { recursive: true, mode: 0o700 })
    for (const id of await readdir(parts.folder)) {
      if (running.has(id) || wanted.some(one => one.id === id)) continue
      const { mtimeMs } = await stat(placeOf(id))
      if (now() - mtimeMs > keptMs) await rm(placeOf(id), { recursive: true, force: true })
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

const variables = (parameters: readonly CommandParameter[]) =>
  Object.fromEntries(
    parameters.filter(({ name }) => /^[A-Za-z_]\w*$/.test(name)).map(({ name, value }) => [name, value]),
  )

const folderOr = (path: string, other: string) =>
  stat(path).then(
    found => (found.isDirectory() ? path : other),
    () => other,
  )
