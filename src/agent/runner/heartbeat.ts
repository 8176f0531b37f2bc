import { readFile, stat } from 'node:fs/promises'
import type { HandlerReport } from '../../wire/agent-report.ts'
import { isErrno } from '../files.ts'
import { codes } from './failure.ts'

/** The health of a handler whose manifest promises that it tells, in `heartbeat.log`. */
export type Heartbeat = Pick<HandlerReport, 'status' | 'code' | 'message'>

/** Azure's agent waits so long for the next one. */
const patienceMs = 600_000
const longestMessage = 1024

/** `sinceMs` is when it was enabled: the first one may take as long as any other. */
export async function readHeartbeat(
  path: string,
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): Promise<Heartbeat> {
  const file = await newestOf(path)
  if (nowMs - Math.max(sinceMs, file?.writtenMs ?? 0) > patienceMs)
    return { status: 'Unresponsive', code: codes.unknown, message: 'Extension heartbeat is not responsive' }
  return file ? parseHeartbeat(file.text) : enabled
}

export const enabled: Heartbeat = { status: 'Ready', code: codes.ok, message: 'Plugin enabled' }

/** `[{"version":1.0,"heartbeat":{"status":"ready","code":0,"message":"…"}}]`; in the message's place several forms are in use. */
export function parseHeartbeat(text: string): Heartbeat {
  try {
    const [{ heartbeat }] = JSON.parse(text.replace(/^\uFEFF/, ''))
    const { status, code = codes.ok, message, Message, formattedMessage } = heartbeat
    const words = message ?? Message ?? formattedMessage?.message ?? formattedMessage ?? ''
    if (String(status).toLowerCase() === 'ready') return enabled
    const number = Number.isSafeInteger(Number(code)) ? Number(code) : codes.unknown
    return { status: 'NotReady', code: number, message: String(words).slice(0, longestMessage) }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    return { status: 'NotReady', code: codes.unknown, message: `Malformed heartbeat file: ${error.message}` }
  }
}

async function newestOf(path: string): Promise<{ text: string; writtenMs: number } | undefined> {
  try {
    const [{ mtimeMs: writtenMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')])
    return { text, writtenMs }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
