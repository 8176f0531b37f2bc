import type {
  ChangedSecret,
  CommandParameter,
  GoalState,
  ScriptSource,
  WantedCommand,
  WantedExtension,
} from '../wire/goal-state.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * Reads a goal state. What becomes a path or a number is checked, because a mistake there would reach beyond the
 * extension it is about. Throws when it is not one.
 */
export function parseGoalState(json: string): GoalState {
  const goal = members(JSON.parse(json))
  return {
    extensions: list(goal.extensions).map(extension),
    commands: list(goal.commands).map(command),
    // An older server knows nothing of them.
    changedSecrets: list(goal.changedSecrets ?? []).map(changedSecret),
  }
}

const handlerPattern = /^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/
const versionPattern = /^\d+(\.\d+){1,3}$/

function extension(value: unknown): WantedExtension {
  const wanted = members(value)
  const sequenceNumber = Number(wanted.sequenceNumber)
  if (!Number.isSafeInteger(sequenceNumber) || sequenceNumber < 0) throw new Error('no sequence number')
  return {
    name: matching(wanted.name, /^[^/\\\0]{1,260}$/),
    handler: matching(wanted.handler, handlerPattern),
    configName: wanted.configName === null ? null : matching(wanted.configName, /^[\w-][\w.-]*$/),
    version: matching(wanted.version, versionPattern),
    incarnation: matching(wanted.incarnation, /^[\w-]{1,64}$/),
    sequenceNumber,
    publicSettings: wanted.publicSettings ?? null,
    protectedSettings: textOrNull(wanted.protectedSettings),
    protectedSettingsCertThumbprint: textOrNull(wanted.protectedSettingsCertThumbprint),
    packageDigest: matching(wanted.packageDigest, /^[0-9a-f]{64}$/),
    dependsOn: list(wanted.dependsOn).map(name => matching(name, /^[^\0]+$/)),
  }
}

function changedSecret(value: unknown): ChangedSecret {
  const { id, change } = members(value)
  return { id: matching(id, /^https:\/\/[^\0]{1,500}$/), change: matching(change, /^[\w-]{1,64}$/) }
}

function command(value: unknown): WantedCommand {
  const wanted = members(value)
  const timeoutSec = Number(wanted.timeoutSec)
  if (!(timeoutSec > 0)) throw new Error('no time limit')
  return {
    id: matching(wanted.id, /^[0-9a-f-]{36}$/),
    source: source(members(wanted.source)),
    parameters: list(wanted.parameters).map(parameter),
    protectedParameters: list(wanted.protectedParameters).map(parameter),
    user: matching(wanted.user, /^[^\0:/-][^\0:/]*$/),
    timeoutSec,
  }
}

function source(wanted: Members): ScriptSource {
  if (wanted.uri === undefined) return { script: text(wanted.script) }
  const { clientId, objectId } = wanted.identity === null ? {} : members(wanted.identity)
  const identity = {
    ...(clientId === undefined ? {} : { clientId: text(clientId) }),
    ...(objectId === undefined ? {} : { objectId: text(objectId) }),
  }
  return { uri: matching(wanted.uri, /^https?:\/\//i), identity: wanted.identity === null ? null : identity }
}

function parameter(value: unknown): CommandParameter {
  const { name, value: given } = members(value)
  return { name: matching(name, /^[^\0]*$/), value: matching(given, /^[^\0]*$/) }
}

function members(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('an object was expected')
  return value as Members
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('a list was expected')
  return value
}

function matching(value: unknown, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Error(`'${String(value).slice(0, 80)}' is not of the form ${pattern}`)
  return value
}

const textOrNull = (value: unknown): string | null => (value === null ? null : text(value))

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error('a text was expected')
}
