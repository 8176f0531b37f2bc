import type { AgentReport } from '../wire/agent-report.ts'
import type { Log } from './log.ts'
import { readBody, type Send } from './server.ts'

export type Reporting = {
  /** Says that something has changed. The report goes out at once, or when the one under way has arrived. */
  changed(): void
  /** Sends heartbeats until the signal is given. */
  run(): Promise<void>
}

/** The server takes a machine from which it hears nothing for two minutes for one without an agent. */
const heartbeatMs = 30_000
const retryMs = 1_000

/** Tells the server how this machine is. */
export function openReporting(parts: {
  send: Send
  compose: () => Promise<AgentReport>
  log: Log
  random: () => number
  pause: (ms: number) => Promise<void>
  signal: AbortSignal
}): Reporting {
  const { send, compose, log, random, pause, signal } = parts
  let due = true
  let wake = () => {}
  let isWell = true

  async function sendOnce(): Promise<void> {
    const answer = await send('POST', '/report', { body: await compose() })
    const text = await readBody(answer)
    if (answer.status >= 300)
      throw new Error(`the server answers ${answer.status} ${text.toString('utf8').slice(0, 200)}`)
  }

  return {
    changed() {
      due = true
      wake()
    },
    async run() {
      while (!signal.aborted) {
        due = false
        try {
          await sendOnce()
          isWell = true
        } catch (error) {
          if (signal.aborted) return
          if (isWell) log('warn', 'the report could not be delivered', { error })
          isWell = false
          due = true
          await pause(retryMs * (1 + random()))
          continue
        }
        if (due) continue
        const woken = new Promise<void>(resolve => {
          wake = resolve
        })
        await Promise.race([woken, pause(heartbeatMs * (0.9 + random() / 5))])
      }
    },
  }
}
