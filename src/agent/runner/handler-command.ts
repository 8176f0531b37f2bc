import type { Log } from '../log.ts'
import type { AgentLog } from './agent-log.ts'
import { logCommand } from './command-log.ts'
import { codes, HandlerFailure } from './failure.ts'
import type { HandlerPlace } from './layout.ts'
import { type ProcessEnd, runProcess } from './process.ts'

/** What an extension's commands may take, in seconds, as Azure's agent allows it. */
export type TimeLimits = Readonly<Record<Phase, number>>
export type Phase = 'install' | 'enable' | 'update' | 'disable' | 'uninstall'

export const azureTimeLimits: TimeLimits = { install: 900, enable: 300, update: 900, disable: 900, uninstall: 300 }

export type CommandParts = {
  readonly limits: TimeLimits
  /** What every command has in its environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly now: () => number
  readonly log: Log
  readonly agentLog: AgentLog
}

/** In the log, where there is room. */
const keptBytes = 64 * 1024
/** In a report, both outputs and their headings together. */
const reportedChars = 3200

/**
 * Runs one of a handler's commands: a path below its folder, with arguments, through a shell. Throws HandlerFailure,
 * with the phase's code, unless it ends with 0 in time.
 */
export async function runHandlerCommand(
  parts: CommandParts,
  place: HandlerPlace,
  { phase, command, variables }: { phase: Phase; command: string; variables: Readonly<Record<string, string>> },
): Promise<void> {
  parts.agentLog('INFO', place, `${capitalized(phase)} extension: [${command.trim()}]`)
  const begunMs = parts.now()
  const line = `${place.folder}/${command.trim().replace(/^\/+/, '')}`
  const wish = {
    argv: ['/bin/sh', '-c', line] as const,
    cwd: place.folder,
    env: {
      ...parts.environment,
      AZURE_GUEST_AGENT_EXTENSION_PATH: place.folder,
      AZURE_GUEST_AGENT_EXTENSION_VERSION: place.version,
      AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS: '168.63.129.16',
      AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES: '[]',
      ...variables,
    },
    timeoutMs: parts.limits[phase] * 1000,
    keptBytes,
  }
  const end = await runProcess(wish, place.config)
  await logCommand(place.commandLog, line, end, parts.now())
  const event = (message: string) =>
    `Event: name=${place.handler}, op=${capitalized(phase)}, message=${message}, duration=${parts.now() - begunMs}`
  if (end.exitCode === 0) return parts.agentLog('INFO', place, event(`Command: ${command.trim()}, exit code: 0`))
  parts.log('warn', `a handler's ${phase} failed`, {
    handler: place.handler,
    exitCode: end.exitCode,
    problem: end.problem,
  })
  const failed = failure(phase, line, end, parts.limits[phase])
  parts.agentLog('ERROR', place, event(failed.message))
  throw failed
}

const capitalized = (phase: Phase) => phase.charAt(0).toUpperCase() + phase.slice(1)

/** Worded as Azure's agent words it; people search for these texts. */
function failure(phase: Phase, line: string, end: ProcessEnd, limitSec: number): HandlerFailure {
  const output = shownOutput(end)
  if (end.timedOut)
    return new HandlerFailure(codes.timeout, `[ExtensionOperationError] Timeout(${limitSec}): ${line}\n${output}`)
  const code = phase === 'uninstall' ? codes.unknown : codes[phase]
  const how = end.exitCode === undefined ? end.problem : `Non-zero exit code: ${end.exitCode}`
  return new HandlerFailure(code, `[ExtensionOperationError] ${how}, ${line}\n${output}`)
}

function shownOutput({ stdout, stderr }: ProcessEnd): string {
  const each = reportedChars / 2 - 20
  return `[stdout]\n${stdout.slice(0, each)}\n\n[stderr]\n${stderr.slice(0, each)}`
}

/** The exit code that later commands are told; a program that did not end by itself has none, and counts as failed. */
export const exitCodeOf = (error: unknown): string => /Non-zero exit code: (\d+)/.exec(String(error))?.[1] ?? '1'
