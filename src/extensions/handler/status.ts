/** `N.status`: what the agent reports of a run. It takes the first element, and its schema is strict. */

import { join } from 'node:path'
import { writeDurably } from '../host/files.ts'
import type { HandlerEnvironment } from './environment.ts'

export type StatusKind = 'transitioning' | 'warning' | 'error' | 'success'

export type Substatus = {
  readonly name: string
  readonly status: StatusKind
  readonly code: number
  readonly message: string
}

export type Status = {
  /** Enable, Check, Repair … */
  readonly operation: string
  readonly status: StatusKind
  readonly code: number
  readonly message: string
  readonly substatus?: readonly Substatus[]
}

/** The agent cuts files of more than 128 KiB in its own way. */
const longestMessage = 8_000

/** Writes the status of a run in one step. Codes are texts on the wire. */
export async function writeStatus(
  { name, statusFolder }: Pick<HandlerEnvironment, 'name' | 'statusFolder'>,
  sequence: number,
  { operation, status, code, message, substatus = [] }: Status,
  now: Date,
): Promise<void> {
  const formatted = (text: string) => ({ lang: 'en-US', message: text.slice(0, longestMessage) })
  const body = {
    name,
    operation,
    status,
    code: String(code),
    formattedMessage: formatted(message),
    substatus: substatus.map(one => ({
      name: one.name,
      status: one.status,
      code: String(one.code),
      formattedMessage: formatted(one.message),
    })),
  }
  const timestampUTC = `${now.toISOString().slice(0, 19)}Z`
  const text = JSON.stringify([{ version: '1.0', timestampUTC, status: body }])
  await writeDurably(join(statusFolder, `${sequence}.status`), text, { mode: 0o600 })
}
