import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExtensionStatus, HandlerReport, Outcome } from '../../wire/agent-report.ts'
import { isErrno, readIfPresent } from '../files.ts'
import { codes } from './failure.ts'

/**
 * What an extension says of a run, in `<N>.status`. Extensions write it in all sorts of ways; these are the rules by
 * which Azure's agent reads it, so that whatever works there works here.
 */

type Reported = NonNullable<HandlerReport['extension']>

/** Beyond this the texts in it are cut, so that one extension cannot crowd out the report. */
const largeBytes = 128 * 1024
const largeMessage = 1024
const largeSubstatusText = 10 * 1024
/** What the server takes at most. */
const longestMessage = 60 * 1024
const mostSubstatuses = 100

const attempts = 5
const attemptPauseMs = 2_000

/** Undefined while there is no file yet. A file that cannot be read is tried again: it may be just being written. */
export async function readStatus(
  folder: string,
  stem: string,
  { now, pause }: { now: () => number; pause: (ms: number) => Promise<void> },
): Promise<Reported | undefined> {
  const path = join(folder, `${stem}.status`)
  for (let attempt = 1; ; attempt++) {
    try {
      const text = await readIfPresent(path)
      return text === undefined ? undefined : parseStatus(text)
    } catch (error) {
      if (attempt < attempts) await pause(attemptPauseMs)
      else return unusable(error, path, now())
    }
  }
}

/** When the file was changed last; 0 when there is none. */
export async function statusChangedAt(folder: string, stem: string): Promise<number> {
  try {
    return (await stat(join(folder, `${stem}.status`))).mtimeMs
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}

export class MalformedStatus extends Error {
  override readonly name = 'MalformedStatus'
}

/** Throws MalformedStatus, or SyntaxError for what is no JSON at all. */
export function parseStatus(text: string): Reported {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
  if (!Array.isArray(parsed) || parsed.length === 0) throw new MalformedStatus('it is not a list')
  const { timestampUTC, status } = members(parsed[0], 'its first entry')
  const { operation, substatus } = members(status, 'status')
  const isLarge = Buffer.byteLength(text) > largeBytes
  const own = worded(members(status, 'status'), isLarge ? largeMessage : longestMessage)
  const claimed = String(members(status, 'status').status)
  const known = isOutcome(claimed)
  const substatuses = Array.isArray(substatus)
    ? substatus.slice(0, mostSubstatuses).map(entry => subStatus(entry, isLarge ? largeSubstatusText : longestMessage))
    : []
  const result: ExtensionStatus = {
    ...own,
    // A word that nobody knows is an error; that of a substatus makes the whole file worthless.
    status: known ? claimed : 'error',
    ...(typeof operation === 'string' ? { operation } : {}),
    ...(substatuses.length > 0 ? { substatus: substatuses } : {}),
  }
  return { timestampUTC: typeof timestampUTC === 'string' ? timestampUTC.slice(0, 64) : '', status: result }
}

function subStatus(value: unknown, longest: number): NonNullable<ExtensionStatus['substatus']>[number] {
  const entry = members(value, 'a substatus')
  const status = String(entry.status)
  if (!isOutcome(status)) throw new MalformedStatus(`'${status}' is no status`)
  const { name = '', code, formattedMessage } = worded(entry, longest)
  return { name, status, code, formattedMessage }
}

function worded(entry: Readonly<Record<string, unknown>>, longest: number) {
  if (entry.status === undefined) throw new MalformedStatus('it has no status')
  const { lang, message } = members(entry.formattedMessage ?? { lang: 'en-US', message: '' }, 'formattedMessage')
  if (lang === undefined || message === undefined) throw new MalformedStatus('its message has no lang or no message')
  return {
    ...(typeof entry.name === 'string' ? { name: entry.name.slice(0, 1024) } : {}),
    code: typeof entry.code === 'number' ? entry.code : String(entry.code ?? 0).slice(0, 1024),
    formattedMessage: { lang: String(lang).slice(0, 64), message: String(message).slice(0, longest) },
  }
}

const isOutcome = (word: string): word is Outcome => ['transitioning', 'warning', 'error', 'success'].includes(word)

function members(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new MalformedStatus(`${what} is not an object`)
}

function unusable(error: unknown, path: string, nowMs: number): Reported {
  const why = error instanceof Error ? error.message : String(error)
  const code = error instanceof MalformedStatus || error instanceof SyntaxError ? codes.badStatus : codes.unknown
  return agentsWords('error', code, `The status in ${path} cannot be used: ${why}`, nowMs)
}

/** What the agent says for an extension that says nothing itself. */
export const agentsWords = (status: Outcome, code: number, message: string, nowMs: number): Reported => ({
  timestampUTC: new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  status: { status, code, formattedMessage: { lang: 'en-US', message } },
})
