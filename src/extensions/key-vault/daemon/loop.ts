/** The service's life: polls what is due, sleeps until the next, and wakes for whoever has news. Read `runLoop` first. */

import { secretKey } from '../../../wire/observed-certificates.ts'
import { failureText } from '../../handler/failure.ts'
import type { Status } from '../../handler/status.ts'
import { type ConcludeParts, openConcluding, programOf } from '../renewal/conclude.ts'
import type { Wish } from '../settings/wish.ts'
import { installedVersion } from '../store/install.ts'
import { forgetRejections } from '../store/records.ts'
import { isComplete, membersOf, reported, type Source, sourcesOf } from './observed.ts'
import { openPolling, type PollParts } from './poll.ts'
import { openSaying } from './saying.ts'
import { type Progress, statusOf } from './status-report.ts'

export type LoopParts = PollParts &
  Pick<ConcludeParts, 'pause' | 'served'> & {
    readonly wish: Wish
    /** Writes the status, which is another than before. */
    readonly report: (status: Status) => Promise<void>
    /** Writes the list for the agent. */
    readonly publish: (certificates: ReturnType<typeof reported>) => Promise<void>
    readonly onClockJump: () => void
    /** Calls `fire` after a while; returns what cancels it. */
    readonly timer: (ms: number, fire: () => void) => () => void
  }

export type Loop = {
  /** Resolves when the signal is given and nothing is under way. */
  run(): Promise<void>
  /** Resolves when nothing is being asked for. */
  polled(): Promise<void>
  /** Resolves when what follows the renewals up to now has been done and said. */
  concluded(): Promise<void>
  /** Has everything polled now. */
  pollAll(): void
  /** Has everything polled now, and what was put back tried again. */
  tryAgain(): void
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
  let sleepsUntilMs = 0
  const firstWordAt = clock() + firstWordMs
  const saying = openSaying(whatToSay, error =>
    log('warning', 'VMExtension', `The status could not be written: ${failureText(error)}`),
  )

  const members = membersOf(sources).map(({ member }) => member)
  const programsOf = new Map(
    sources.map(source => [source, new Set(source.members.map(({ certificate }) => programOf(certificate)))]),
  )
  const concluding = openConcluding(
    members.map(({ certificate }) => certificate),
    {
      ...parts,
      log: text => log('info', 'CertificateManager', text),
      isAwaited: program => sources.some(source => source.isUnderWay && programsOf.get(source)?.has(program)),
      onEnd(certificates) {
        // What was put back is among them.
        for (const member of members)
          if (certificates.includes(member.certificate)) member.installed = installedVersion(member.certificate)
        saying.soon()
        if (concluding.nextMs() < sleepsUntilMs) wakeUp()
      },
    },
  )

  const polling = openPolling(
    sources,
    {
      pollingIntervalSec: wish.pollingIntervalSec,
      isInitial: () => wish.requireInitialSync && !wasComplete,
      onEnd(source) {
        isFirstPollOver ||= sources.every(({ wasAsked }) => wasAsked)
        wasComplete ||= isComplete(sources)
        concluding.begin(source.members.map(({ certificate }) => certificate))
        saying.soon()
        if (Math.min(source.dueMs, concluding.nextMs()) < sleepsUntilMs) wakeUp()
      },
      onProgress: () => void saying.now(),
    },
    parts,
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

  function nextMs(): number {
    const due = sources.map(({ isUnderWay, dueMs }) => (isUnderWay ? Number.POSITIVE_INFINITY : dueMs))
    sleepsUntilMs = Math.min(...due, concluding.nextMs(), clock() + longestSleepMs)
    return sleepsUntilMs
  }

  function pollAll(): void {
    for (const source of sources) poke(source)
    wakeUp()
  }

  return {
    async run() {
      log('info', 'CertificateManager', 'Entering worker loop..')
      const firstWord = setTimeout(() => void saying.now(), firstWordMs + 10)
      while (!signal.aborted) {
        isWoken = false
        noticeClockJump()
        polling.begin(sources.filter(({ isUnderWay, dueMs }) => !isUnderWay && dueMs <= clock()))
        concluding.begin()
        // A certificate may have come to its end meanwhile.
        saying.soon()
        await sleep(Math.max(nextMs() - clock(), 0))
      }
      await polling.ended()
      clearTimeout(firstWord)
      await concluded()
    },
    polled: polling.ended,
    concluded,
    pollAll,
    tryAgain() {
      forgetRejections(records)
      pollAll()
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
