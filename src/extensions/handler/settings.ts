/** `N.settings`: what the operator wishes, in a public part and one that is sealed to this machine. */

import { join } from 'node:path'
import { contentHash, readTextIfPresent, writeDurably } from '../host/files.ts'
import type { Run } from '../host/run.ts'
import { asRecord } from '../host/unknown.ts'
import { openEnvelope } from './envelope.ts'
import type { HandlerEnvironment } from './environment.ts'
import { HandlerFailure } from './failure.ts'

export type Settings = {
  readonly publicSettings: Readonly<Record<string, unknown>>
  readonly protectedSettings: Readonly<Record<string, unknown>>
}

/** What stands in the file instead of what was secret, once it has been read. */
const redacted = '*** REDACTED ***'

const pathOf = ({ configFolder }: HandlerEnvironment, sequence: number) => join(configFolder, `${sequence}.settings`)

/** A name for the very text of the settings, to recognise them by; undefined when the secrets have been removed. */
export function settingsDigest(environment: HandlerEnvironment, sequence: number): string | undefined {
  const text = readTextIfPresent(pathOf(environment, sequence)) ?? ''
  return text.includes(redacted) ? undefined : contentHash(text)
}

/**
 * Reads and opens the settings of a run, and removes the secrets from the file: the agent writes it anew whenever it
 * calls. Throws HandlerFailure for whatever is not as the agent writes it. A file without text means no settings.
 */
export async function takeSettings(environment: HandlerEnvironment, sequence: number, run: Run): Promise<Settings> {
  const path = pathOf(environment, sequence)
  const handler = readHandlerSettings(path)
  const publicSettings = section(handler.publicSettings, 'Failed to decode publicSettings')
  try {
    return { publicSettings, protectedSettings: await openProtected(handler, environment, run) }
  } finally {
    if (handler.protectedSettings) await redact(path, handler)
  }
}

/** The public part alone, as it came: for extensions that have no secrets and words of their own for what is wrong. */
export const readPublicSettings = (environment: HandlerEnvironment, sequence: number): unknown =>
  readHandlerSettings(pathOf(environment, sequence)).publicSettings ?? {}

function readHandlerSettings(path: string): Readonly<Record<string, unknown>> {
  const text = readTextIfPresent(path)
  if (text === undefined) throw new HandlerFailure(`There are no settings at ${path}`)
  if (text.trim() === '') return {}
  const file = asRecord(parseObject(text) ?? notSettings(path))
  const runtime = Array.isArray(file.runtimeSettings) ? file.runtimeSettings : notSettings(path)
  return asRecord(asRecord(runtime[0] ?? notSettings(path)).handlerSettings)
}

async function openProtected(
  handler: Readonly<Record<string, unknown>>,
  { libFolder }: HandlerEnvironment,
  run: Run,
): Promise<Readonly<Record<string, unknown>>> {
  const { protectedSettings, protectedSettingsCertThumbprint: thumbprint } = handler
  if (protectedSettings === redacted)
    throw new HandlerFailure('The protectedSettings have been used and removed; the agent has not written them again')
  if (typeof protectedSettings !== 'string') return section(protectedSettings, 'Failed to decode protectedSettings')
  if (protectedSettings === '') return {}
  const sealed = { sealed: protectedSettings, thumbprint: typeof thumbprint === 'string' ? thumbprint : '' }
  const text = await openEnvelope(sealed, libFolder, run)
  return section(parseObject(text), 'Failed to decode protectedSettings', { required: true })
}

function section(value: unknown, failure: string, { required = false } = {}): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) {
    if (required) throw new HandlerFailure(failure)
    return {}
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw new HandlerFailure(failure)
  return { ...value }
}

/** Undefined for what is no JSON object. The parser's own message would quote the text, which may be secret. */
function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function notSettings(path: string): never {
  throw new HandlerFailure(`${path} is not a settings file`)
}

async function redact(path: string, handler: Readonly<Record<string, unknown>>): Promise<void> {
  const handlerSettings = {
    ...handler,
    protectedSettings: redacted,
    protectedSettingsCertThumbprint: redacted,
  }
  await writeDurably(path, JSON.stringify({ runtimeSettings: [{ handlerSettings }] }), { mode: 0o600 })
}
