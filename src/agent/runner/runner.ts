/** Carries out goal states: one handler after the other, the newest goal first. */

import { mkdir } from 'node:fs/promises'
import type { HandlerReport } from '../../wire/agent-report.ts'
import type { GoalState, WantedExtension } from '../../wire/goal-state.ts'
import { configsOf, removeConfig } from './configs.ts'
import { codes, HandlerFailure } from './failure.ts'
import { bringToGoal, type HandlerParts, installedHandlers, removeHandler } from './handler.ts'
import { enabled, readHeartbeat } from './heartbeat.ts'
import { handlerPlace, stemOf } from './layout.ts'
import { readManifest } from './manifest.ts'
import { agentsWords, readStatus, statusChangedAt } from './status-file.ts'

export type Runner = {
  /** Takes a goal state in place of the one before; what is under way is ended first. */
  apply(goal: GoalState): void
  /** What became of the handlers, as far as it is known. */
  reports(): readonly HandlerReport[]
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
  /** Looks into the status files again. Extensions go on writing them after their commands have ended. */
  look(): Promise<void>
}

export type RunnerParts = HandlerParts & {
  /** Called whenever a report has changed. */
  readonly onChange: () => void
  readonly pause: (ms: number) => Promise<void>
}

/** How long an extension waits for those that it depends on. */
const dependencyLimitMs = 90 * 60_000
const dependencyPauseMs = 500
const lookEveryMs = 200

export function openRunner(parts: RunnerParts): Runner {
  const reports = new Map<string, HandlerReport>()
  /** What was begun of each extension since the start; at a start, everything is enabled once more. */
  const begun = new Map<string, string>()
  /** Since when extensions are enabled whose handlers promise to tell how they are. */
  const tellingSince = new Map<string, number>()
  /** When the status files were as they have been read. */
  const lookedAt = new Map<string, number>()
  let goal: GoalState | undefined
  let carriedOut: GoalState | undefined
  let working: Promise<void> | undefined

  function note(report: HandlerReport): void {
    const before = reports.get(report.name)
    reports.set(report.name, report)
    if (JSON.stringify(before) !== JSON.stringify(report)) parts.onChange()
  }

  function begin(): void {
    working ??= work()
      .catch(error => {
        parts.log('error', 'a goal state could not be carried out', { error })
        carriedOut = goal
      })
      .finally(() => {
        working = undefined
        if (carriedOut !== goal) begin()
      })
  }

  async function work(): Promise<void> {
    await mkdir(parts.layout.lib, { recursive: true, mode: 0o755 })
    while (goal && carriedOut !== goal) {
      const now: GoalState = goal
      await removeUnwanted(now)
      const next = now.extensions.find(wanted => begun.get(wanted.name) !== markOf(wanted))
      if (!next) carriedOut = now
      else {
        begun.set(next.name, markOf(next))
        await bring(next)
      }
    }
  }

  async function removeUnwanted({ extensions }: GoalState): Promise<void> {
    for (const installed of await installedHandlers(parts.layout)) {
      const { place } = installed
      const wanted = extensions.filter(one => one.handler === place.handler)
      if (wanted.length === 0) await removeHandler(parts, installed)
      for (const { name, incarnation } of wanted.length === 0 ? [] : await configsOf(place)) {
        if (wanted.some(one => one.configName === name && one.incarnation === incarnation)) continue
        await removeConfig(parts, place, name)
      }
    }
    for (const name of reports.keys()) {
      if (extensions.some(wanted => wanted.name === name)) continue
      for (const known of [reports, begun, tellingSince, lookedAt]) known.delete(name)
      parts.onChange()
    }
  }

  async function bring(wanted: WantedExtension): Promise<void> {
    tellingSince.delete(wanted.name)
    note({ ...known(wanted), status: 'Installing', code: codes.ok, message: `Installing ${wanted.handler}` })
    const stopLooking = whileWorking(() => look(wanted))
    try {
      await waitForDependencies(wanted)
      await bringToGoal(parts, wanted)
      note({ ...known(wanted), ...enabled })
      const { reportHeartbeat } = await readManifest(placeOf(wanted).folder)
      if (reportHeartbeat) tellingSince.set(wanted.name, parts.now())
    } catch (error) {
      if (!(error instanceof HandlerFailure))
        parts.log('error', 'a handler could not be brought to its goal', { error })
      const code = error instanceof HandlerFailure ? error.code : codes.unknown
      const message = error instanceof Error ? error.message : String(error)
      parts.agentLog(
        'ERROR',
        wanted,
        `Event: name=${wanted.handler}, op=ExtensionProcessing, message=${message}, duration=0`,
      )
      note({ ...known(wanted), status: 'NotReady', code, message })
    } finally {
      stopLooking()
    }
    await look(wanted)
  }

  /** Keeps what the extension said last, unless that was about other settings. */
  function known({ name, handler, version, incarnation, sequenceNumber }: WantedExtension) {
    const before = reports.get(name)
    const isSame = before && markOf(before) === markOf({ incarnation, version, sequenceNumber })
    const extension = isSame ? before.extension : undefined
    return { name, handler, version, incarnation, sequenceNumber, ...(extension ? { extension } : {}) }
  }

  async function look(wanted: WantedExtension): Promise<void> {
    const said = await readStatus(placeOf(wanted).status, stemOf(wanted), parts)
    const report = reports.get(wanted.name)
    if (!report || report.sequenceNumber !== wanted.sequenceNumber) return
    // A handler that is enabled and says nothing is taken to be still at work.
    const words =
      said ??
      (report.status === 'Ready'
        ? (report.extension ?? agentsWords('transitioning', codes.ok, '', parts.now()))
        : undefined)
    if (words) note({ ...report, extension: words })
  }

  /** How a handler is says nothing about settings that it is still applying. */
  async function lookAtHealth({ name, handler, version }: WantedExtension): Promise<void> {
    const sinceMs = tellingSince.get(name)
    const report = reports.get(name)
    const status = report?.extension?.status.status
    if (sinceMs === undefined || !report || !status || status === 'transitioning') return
    const health = await readHeartbeat(placeOf({ handler, version }).heartbeat, { sinceMs, nowMs: parts.now() })
    if (reports.get(name) === report) note({ ...report, ...health })
  }

  const placeOf = ({ handler, version }: Pick<WantedExtension, 'handler' | 'version'>) =>
    handlerPlace(parts.layout, handler, version)

  async function waitForDependencies(wanted: WantedExtension): Promise<void> {
    const until = parts.now() + dependencyLimitMs
    for (const name of wanted.dependsOn) {
      for (;;) {
        const other = goal?.extensions.find(one => one.name === name)
        const report = other && reports.get(other.name)
        if (other) await look(other)
        const status = report?.extension?.status.status
        if (status === 'success') break
        const failed = status === 'error' || report?.status === 'NotReady'
        if (failed || !other || parts.now() > until) {
          throw new HandlerFailure(
            codes.enable,
            `Skipping processing of extensions since execution of dependent extension ${name} ${failed || !other ? 'failed' : 'did not reach a terminal state in time'}`,
          )
        }
        await parts.pause(dependencyPauseMs)
      }
    }
  }

  /** Lets an extension's progress be seen while its command runs. Returns what ends it. */
  function whileWorking(step: () => Promise<void>): () => void {
    let ended = false
    void (async () => {
      while (!ended) {
        await parts.pause(lookEveryMs)
        if (!ended) await step()
      }
    })().catch(error => parts.log('error', 'a status could not be read', { error }))
    return () => {
      ended = true
    }
  }

  return {
    apply(next) {
      goal = next
      begin()
    },
    reports: () => [...reports.values()],
    settled: async () => {
      while (working) await working
    },
    async look() {
      for (const wanted of goal?.extensions ?? []) {
        await lookAtHealth(wanted)
        const { status } = placeOf(wanted)
        const changedAt = await statusChangedAt(status, stemOf(wanted))
        if (lookedAt.get(wanted.name) === changedAt) continue
        lookedAt.set(wanted.name, changedAt)
        await look(wanted)
      }
    },
  }
}

const markOf = ({
  incarnation,
  version,
  sequenceNumber,
}: Pick<WantedExtension, 'incarnation' | 'version' | 'sequenceNumber'>) => `${incarnation} ${version} ${sequenceNumber}`
