import type { AgentReport, CommandResult } from '../../wire/agent-report.ts'
import type { WantedCommand } from '../../wire/goal-state.ts'
import { type ObservedCertificates, openObservedCertificates } from './observed-certificates.ts'

/**
 * Where the work of the server and the agents in machines meet. All of it is about now and in memory: what must outlive
 * the server is with the resources, and what was under way is begun again at the next start.
 */
export type Agents = ObservedCertificates & {
  /**
   * Resolves with the next news of a machine, either way: there is something to do, or something was done. Take it
   * before looking at what there is, and nothing is missed. Rejects when the server ends.
   */
  news(machineId: string): Promise<void>
  /** For whoever has changed what a machine is to be. */
  wake(machineId: string): void
  heard(machineId: string, report: AgentReport, atMs: number): void
  /** The last report since the server started. */
  lastReport(machineId: string): { readonly report: AgentReport; readonly atMs: number } | undefined
  /** Commands without a result. */
  commands(machineId: string): readonly WantedCommand[]
  /** Hands a command to the machine; asked for again under its id, it is the same command. */
  run(machineId: string, command: WantedCommand): Promise<CommandResult>
  /** No longer asked for: nobody waits for the result. */
  dropCommand(machineId: string, id: string): void
  /** False when nobody waits for it. */
  finishCommand(machineId: string, id: string, result: CommandResult): boolean
  /** Aborted when the server ends: a question that has no answer yet gets none. */
  readonly polling: AbortSignal
  stopPolls(): void
  stopWork(): void
}

type Pending = {
  readonly command: WantedCommand
  readonly done: Promise<CommandResult>
  finish(result: CommandResult): void
}

export function openAgents(): Agents {
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  const reports = new Map<string, { report: AgentReport; atMs: number }>()
  const commands = new Map<string, Map<string, Pending>>()
  const polling = new AbortController()
  const working = new AbortController()

  function wake(machineId: string): void {
    waiting.get(machineId)?.resolve()
    waiting.delete(machineId)
  }
  const of = (machineId: string) => commands.get(machineId) ?? new Map<string, Pending>()

  return {
    ...openObservedCertificates(wake),
    news(machineId) {
      if (working.signal.aborted) return Promise.reject(new Error('the server ends'))
      const known = waiting.get(machineId)
      if (known) return known.promise
      const next = Promise.withResolvers<void>()
      // Whoever took it may have found what he wanted and gone.
      next.promise.catch(() => undefined)
      waiting.set(machineId, next)
      return next.promise
    },
    wake,
    heard(machineId, report, atMs) {
      reports.set(machineId, { report, atMs })
      wake(machineId)
    },
    lastReport: machineId => reports.get(machineId),
    commands: machineId => [...of(machineId).values()].map(({ command }) => command),
    run(machineId, command) {
      const known = of(machineId).get(command.id)
      if (known) return known.done
      const { promise, resolve } = Promise.withResolvers<CommandResult>()
      commands.set(machineId, of(machineId).set(command.id, { command, done: promise, finish: resolve }))
      wake(machineId)
      return promise
    },
    dropCommand(machineId, id) {
      of(machineId).delete(id)
      if (of(machineId).size === 0) commands.delete(machineId)
      wake(machineId)
    },
    finishCommand(machineId, id, result) {
      const pending = of(machineId).get(id)
      pending?.finish(result)
      return pending !== undefined
    },
    polling: polling.signal,
    stopPolls: () => polling.abort(),
    stopWork() {
      working.abort()
      for (const { reject } of waiting.values()) reject(new Error('the server ends'))
      waiting.clear()
    },
  }
}
