import type { GoalState } from '../wire/goal-state.ts'
import { parseGoalState } from './goal-state.ts'
import type { Log } from './log.ts'
import { readBody, type Send } from './server.ts'

export type WatchParts = {
  readonly send: Send
  /** Called with each goal state, the first one included. Must not throw. */
  readonly onGoalState: (goal: GoalState, etag: string) => void
  /** Called when the server answers again after it was away. */
  readonly onReturn: () => void
  /**
   * The text of the last goal state that was seen, before this start too. Without its commands: they are the server's to
   * ask for, and there are secrets in them.
   */
  readonly remembered: { read(): Promise<string | undefined>; write(text: string): Promise<void> }
  readonly log: Log
  /** 0 ≤ x < 1. */
  readonly random: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

/** How long the server may keep a question that has no new answer. Shorter than what any proxy cuts off. */
const holdSec = 50
const graceMs = 15_000

const firstPauseMs = 250
const longestPauseMs = 10_000

/**
 * Asks for the goal state, again and again; the server answers when there is a new one. While the server is away, the
 * last one that was seen holds. Resolves when the signal is given.
 */
export async function watchGoalState(parts: WatchParts): Promise<void> {
  const { send, onGoalState, onReturn, remembered, log, pause, signal } = parts
  let etag: string | undefined
  let isFirst = true
  let failures = 0
  while (!signal.aborted) {
    try {
      const answer = await send('GET', '/goal-state', {
        headers: { prefer: `wait=${holdSec}`, ...(etag === undefined ? {} : { 'if-none-match': etag }) },
        limitMs: holdSec * 1000 + graceMs,
      })
      const text = (await readBody(answer)).toString('utf8')
      if (answer.status === 200) {
        const goal = parseGoalState(text)
        etag = answer.header('etag')
        onGoalState(goal, etag ?? '')
        isFirst = false
        await remembered.write(JSON.stringify({ ...goal, commands: [], changedSecrets: [] }))
      } else if (answer.status !== 304) {
        throw new Error(`the server answers ${answer.status} ${text.slice(0, 200)}`)
      }
      if (failures > 0) onReturn()
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      if (failures === 1) log('warn', 'the goal state could not be had', { error })
      if (isFirst) {
        isFirst = false
        await applyRemembered(parts)
      }
      await pause(pauseMs(failures, parts.random()))
    }
  }
}

/** Doubled with each failure, and spread: a server that comes back must not meet all its agents in one moment. */
export const pauseMs = (failures: number, random: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)) * (0.5 + random / 2)

async function applyRemembered({ remembered, onGoalState, log }: WatchParts): Promise<void> {
  const text = await remembered.read()
  if (text === undefined) return
  try {
    onGoalState(parseGoalState(text), '')
  } catch (error) {
    log('error', 'the goal state that was kept cannot be read', { error })
  }
}
