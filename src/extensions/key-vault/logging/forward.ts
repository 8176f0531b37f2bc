/**
 * Sends log entries to Fluentd by its forward protocol, version 1. Nobody waits for it: entries wait in memory while the
 * collector is away, the oldest are dropped when there are too many, and an entry counts as sent when the collector has
 * said so.
 */

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Logging } from '../settings/wish.ts'
import { acknowledged, EventTime, pack } from './message-pack.ts'

export type Record = { readonly [field: string]: string }

export type Forward = {
  send(record: Record, at: Date): void
  /** Waits for what is under way, but not for a collector that is away. */
  close(): Promise<void>
}

const mostWaiting = 1_000
const mostInOne = 200
const patienceMs = 10_000
const firstPauseMs = 500
const longestPauseMs = 30_000

export function openForward({ endpoint, tag }: Logging): Forward {
  let waiting: { readonly record: Record; readonly at: Date }[] = []
  let dropped = 0
  let working: Promise<void> | undefined
  let closing = false
  let wake = () => {}

  async function work(): Promise<void> {
    for (let failures = 0; waiting.length > 0; ) {
      const some = waiting.slice(0, mostInOne)
      try {
        await deliver(some)
        waiting = waiting.filter(entry => !some.includes(entry))
        failures = 0
      } catch {
        // The log on disk has everything; a collector that is away is nobody's fault here.
        failures += 1
        if (closing) return
        await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** failures))
        if (closing) return
      }
    }
  }

  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      wake = resolve
      setTimeout(resolve, ms).unref()
    })

  function deliver(entries: typeof waiting): Promise<void> {
    const chunk = randomBytes(16).toString('base64')
    const events = entries.map(({ record, at }) => [new EventTime(at.getTime()), record])
    const lost =
      dropped === 0
        ? []
        : [[new EventTime(Date.now()), { level: 'warning', message: `${dropped} entries were dropped` }]]
    return exchange(
      endpoint,
      pack([tag, [...lost, ...events], { chunk, size: lost.length + events.length }]),
      chunk,
    ).then(() => {
      dropped = 0
    })
  }

  return {
    send(record, at) {
      waiting.push({ record, at })
      if (waiting.length > mostWaiting) {
        waiting.shift()
        dropped += 1
      }
      working ??= work().finally(() => {
        working = undefined
      })
    },
    async close() {
      closing = true
      wake()
      await working
    },
  }
}

/** Resolves when the other side has acknowledged the chunk. */
function exchange(endpoint: Logging['endpoint'], message: Buffer, chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(endpoint)
    let answer = Buffer.alloc(0)
    const end = (error?: Error) => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    socket.setTimeout(patienceMs, () => end(new Error('no acknowledgement came')))
    socket.once('error', end)
    socket.once('close', () => reject(new Error('the connection was closed')))
    socket.on('data', data => {
      answer = Buffer.concat([answer, data]).subarray(-256)
      if (acknowledged(answer) === chunk) end()
    })
    socket.write(message)
  })
}
