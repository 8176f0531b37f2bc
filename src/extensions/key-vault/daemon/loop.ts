/** The service's life: polls what is due, sleeps until the next, and wakes for whoever has news. Read `runLoop` first. */

import { secretKey } from '../../../wire/observed-certificates.ts'
import { failureText } from '../../handler/failure.ts'
import type { Status } from '../../handler/status.ts'
import { openConcluding } from '../renewal/conclude.ts'
import type { Wish } from '../settings/wish.ts'
import { installedVersion } from '../store/install.ts'
import { isComplete, membersOf, reported, type Source, sourcesOf } from './observed.ts'
import { type PollParts, poll } from './poll.ts'
import { openSaying } from './saying.ts'
import { type Progress, statusOf } from './status-report.ts'

export type LoopParts = Omit<PollParts, 'onProgress' | 'conclude'> & {
  readonly wish: Wish
  /** Writes the status, which is another than before. */
  readonly report: (status: Status) => Promise<void>
  /** Writes the list for the agent. */
  readonly publish: (certificates: ReturnType<typeof reported>) => Promise<void>
  readonly onClockJump: () => void
  readonly pause: (ms: number) => Promise<void>
  /** Calls `fire` after a while; returns what cancels it. */
  readonly timer: (ms: number, fire: () => void) => () => void
  readonly signal: AbortSignal
}

export type Loop = {
  /** Resolves when the signal is given and nothing is under way. */
  run(): Promise<void>
  /** Resolves when what follows the renewals up to now has been done and said. */
  concluded(): Promise<void>
  /** Has everything polled now. */
  pollAll(): void
  /** Has these secrets polled now, as far as they are observed. */
  changed(ids: readonly string[]): void
}

/** How far the clock may be from where it should be: more means that somebody set it, or that the machine slept. */
const jumpMs = 30_000
const longestSleepMs = 60_000
/** How long an agent waits for the first status, so that what is wrong with the identity is in it. */
const firstWordMs = 3_000

export function openLoop(parts: LoopParts): Loop {
  const { wish, records, clock, now, log, signal } = parts
  const sources = sourcesOf(wish.certificates)
  const startedAt = now()
  const offset = () => now().getTime() - clock()
  let expectedOffset = offset()
  let isFirstPollOver = false
  let wasComplete = false
  let wake = () => {}
  let isWoken = false
  const firstWordAt = clock() + firstWordMs
  const saying = openSaying(whatToSay, error =>
    log('warning', 'VMExtension', `The status could not be written: ${failureText(error)}`),
  )

  const members = membersOf(sources).map(({ member }) => member)
  const concluding = openConcluding(
    members.map(({ certificate }) => certificate),
    {
      ...parts,
      log: text => log('info', 'CertificateManager', text),
      onEnd(certificates) {
        // What was put back is among them.
        for (const member of members)
          if (certificates.includes(member.certificate)) member.installed = installedVersion(member.certificate)
        saying.soon()
      },
    },
  )

  async function concluded(): Promise<void> {
    await concluding.ended()
    await saying.now()
  }

  function wakeUp(): void {
    isWoken = true
    wake()
  }

  function whatToSay() {
    const progress: Progress = { wish, sources, records, isFirstPollOver, wasComplete, startedAt, now: now() }
    const status = statusOf(progress)
    const list = reported(sources, records, { nowMs: now().getTime(), clockMs: clock() })
    // When the next poll is changes with every look; it is worth saying once a poll is over.
    const mark = JSON.stringify(list.map(({ nextPoll: _next, ...rest }) => rest))
    const mayReport = isFirstPollOver || clock() >= firstWordAt
    return [
      ...(mayReport ? [{ name: 'status', mark: JSON.stringify(status), write: () => parts.report(status) }] : []),
      { name: 'list', mark, write: () => parts.publish(list) },
    ]
  }

  async function pollDue(): Promise<void> {
    const due = sources.filter(({ dueMs }) => dueMs <= clock())
    if (due.length === 0) return
    const isInitial = wish.requireInitialSync && !wasComplete
    const { pollingIntervalSec } = wish
    await poll(
      sources,
      due,
      { pollingIntervalSec, isInitial },
      {
        ...parts,
        onProgress: saying.soon,
        conclude: concluding.begin,
      },
    )
    isFirstPollOver = true
    wasComplete ||= isComplete(sources)
    await saying.now()
  }

  /** Resolves when something may be due, with nothing left behind. */
  function sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = parts.timer(ms, () => done())
      function done() {
        cancel()
        signal.removeEventListener('abort', done)
        wake = () => {}
        resolve()
      }
      wake = done
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted || isWoken) done()
    })
  }

  function noticeClockJump(): void {
    if (Math.abs(offset() - expectedOffset) > jumpMs) {
      log('warning', 'Global', 'The clock has jumped; everything is asked for again.')
      parts.onClockJump()
      for (const source of sources) source.dueMs = 0
    }
    expectedOffset = offset()
  }

  return {
    async run() {
      log('info', 'CertificateManager', 'Entering worker loop..')
      const firstWord = setTimeout(() => void saying.now(), firstWordMs + 10)
      while (!signal.aborted) {
        isWoken = false
        noticeClockJump()
        await pollDue()
        const next = Math.min(...sources.map(({ dueMs }) => dueMs)) - clock()
        await sleep(Math.min(Math.max(next, 0), longestSleepMs))
      }
      clearTimeout(firstWord)
      await concluded()
    },
    concluded,
    pollAll() {
      for (const source of sources) poke(source)
      wakeUp()
    },
    changed(ids) {
      const keys = new Set(ids.map(secretKey))
      const concerned = membersOf(sources).filter(({ source }) => keys.has(keyOf(source)))
      for (const { source } of concerned) {
        log('info', 'CertificateManager', `The vault says that it has changed: ${source.url.text}`)
        poke(source)
      }
      if (concerned.length > 0) wakeUp()
    },
  }
}

function poke(source: Source): void {
  source.isPoked = true
  source.dueMs = 0
}

const keyOf = ({ url }: Source) => secretKey(`${url.origin}/secrets/${url.name}`)
