/** How clients change and read things of a server that may die at any moment. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Lazuli, SendOptions } from '../start.ts'
import type { Ledger } from './ledger.ts'

export const location = 'westeurope'
export const groupVersion = 'api-version=2021-04-01'

export type Body = {
  readonly id: string
  readonly value?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly properties: Readonly<Record<string, unknown>>
}

export const tagged = (version: string) => ({ location, tags: { version } })
export const tagOf = ({ tags }: Pick<Body, 'tags'>) => tags?.version ?? ''

/** Sends one change, and says what its answer says. Nothing but success and death may happen. */
export type Send = <Answered = Body>(
  method: string,
  path: string,
  read: (body: Answered) => string,
  body?: unknown,
  to?: SendOptions,
) => () => Promise<string>

/** `acknowledged` gets the correlation id of each change that was answered. */
export const sender =
  (lazuli: Lazuli, acknowledged: Set<string>): Send =>
  <Answered>(method: string, path: string, read: (body: Answered) => string, body?: unknown, to: SendOptions = {}) =>
  async () => {
    const correlationId = randomUUID()
    const headers = { ...to.headers, 'x-ms-correlation-request-id': correlationId }
    const answer = await lazuli.arm<Answered>(method, path, { ...to, headers, ...(body === undefined ? {} : { body }) })
    assert.ok([200, 201, 202, 204].includes(answer.status), `${method} ${path}: ${JSON.stringify(answer.body)}`)
    acknowledged.add(correlationId)
    return read(answer.body)
  }

export type Writer = {
  readonly lazuli: Lazuli
  readonly ledger: Ledger
  readonly send: Send
  /** Begins the names of what it makes. */
  readonly name: string
}

/** All pages of a list. */
export async function everything<Row = Body>(lazuli: Lazuli, path: string, to: SendOptions = {}): Promise<Row[]> {
  const found: Row[] = []
  for (let next: string | null | undefined = path; next; ) {
    const { status, body }: Answer<{ value: Row[]; nextLink?: string | null }> = await lazuli.arm('GET', next, to)
    assert.equal(status, 200, JSON.stringify(body))
    found.push(...body.value)
    next = body.nextLink?.slice(new URL(body.nextLink).origin.length)
  }
  return found
}

/** Asks until the answer is as wished. */
export async function until<T>(ask: () => Promise<T>, isWished: (answer: T) => boolean): Promise<T> {
  // Generous: what is slow is a busy host.
  const giveUpAt = Date.now() + 300_000
  for (;;) {
    const answer = await ask()
    if (isWished(answer)) return answer
    if (Date.now() > giveUpAt) throw new Error(`It does not come to an end: ${JSON.stringify(answer)}`)
    await pause(20)
  }
}
