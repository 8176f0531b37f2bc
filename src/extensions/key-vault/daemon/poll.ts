/**
 * Polls: fetches what is due and brings what is installed in line with it. Every vault has workers of its own, so that
 * one that does not answer holds up no other. Nothing in here ends the service. Read `openPolling` first.
 */

import type { CertificateBundle } from '../../../certificate-bundle/chain.ts'
import { failureText } from '../../handler/failure.ts'
import type { Run } from '../../host/run.ts'
import type { ServiceLog } from '../logging/service-log.ts'
import { fileName, install, installedVersion, linkPath } from '../store/install.ts'
import { closeFolders } from '../store/readers.ts'
import type { Records } from '../store/records.ts'
import { FetchFailure } from '../vault/failure.ts'
import type { FetchSecret, Secret } from '../vault/secrets.ts'
import { type Member, membersOf, type Source } from './observed.ts'
import { pollWaitMs, retryWaitMs } from './schedule.ts'

export type PollParts = {
  readonly fetchSecret: FetchSecret
  readonly decode: (value: string) => Promise<CertificateBundle>
  readonly records: Records
  readonly run: Run
  readonly log: ServiceLog
  readonly now: () => Date
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number
  readonly random: () => number
  /** Once it is given, nothing more is begun. */
  readonly signal: AbortSignal
}

export type Polling = {
  /** Has these asked for, those that somebody has news of before the others; what is under way already is left alone. */
  begin(due: readonly Source[]): void
  /** Resolves when nothing is under way. */
  ended(): Promise<void>
}

type Vault = {
  readonly waiting: Source[]
  workers: number
  /** It wants to be left alone until then, in its own words. */
  heldUntilMs: number
  held: string
}

/** Of one vault. */
const atOnce = 8

type Schedule = {
  readonly pollingIntervalSec: number
  /** The waits between attempts may be longer than the interval. */
  readonly isInitial: () => boolean
  /** Called after each source, so that what is known is known at once. */
  readonly onEnd: (source: Source) => void
  /** Called when a vault has nothing more to be asked for. */
  readonly onProgress: () => void
}

export function openPolling(sources: readonly Source[], schedule: Schedule, parts: PollParts): Polling {
  const { records, clock, log, random, run, signal } = parts
  /** By origin. */
  const vaults = new Map<string, Vault>()
  const work = new Set<Promise<void>>()
  let installing = 0
  let closing: Promise<void> | undefined

  function vaultOf({ url: { origin } }: Source): Vault {
    const vault = vaults.get(origin) ?? { waiting: [], workers: 0, heldUntilMs: 0, held: '' }
    vaults.set(origin, vault)
    return vault
  }

  function next({ waiting }: Vault): Source | undefined {
    if (signal.aborted) for (const source of waiting.splice(0)) source.isUnderWay = false
    const urgent = waiting.findIndex(({ isPoked }) => isPoked)
    return urgent > 0 ? waiting.splice(urgent, 1)[0] : waiting.shift()
  }

  async function drain(vault: Vault): Promise<void> {
    for (let source = next(vault); source; source = next(vault)) {
      await ask(source, vault)
      source.isUnderWay = false
      schedule.onEnd(source)
    }
    vault.workers--
    if (vault.workers > 0) return
    await attempt('The access to folders could not be taken back', closeUnneeded)
    await attempt('What is installed could not be noted', records.save)
    schedule.onProgress()
  }

  async function ask(source: Source, vault: Vault): Promise<void> {
    source.isPoked = false
    source.dueMs = 0
    if (vault.heldUntilMs > clock()) {
      source.wasAsked = true
      source.failure = vault.held
      source.dueMs = vault.heldUntilMs
      return
    }
    const after = await refresh(source)
    source.wasAsked = true
    // Looking at all would take longer than the rest where there are many.
    for (const member of source.members) member.installed = installedVersion(member.certificate)
    const failed = source.failure !== '' || source.members.some(({ failure }) => failure !== '')
    source.failures = failed ? source.failures + 1 : 0
    const interval = pollWaitMs(schedule.pollingIntervalSec, random())
    const retry = retryWaitMs(source.failures, random())
    const wait = failed ? (schedule.isInitial() ? retry : Math.min(retry, interval)) : interval
    const dueMs = clock() + Math.max(wait, after.waitMs ?? 0)
    if (after.isThrottled) {
      // Azure counts the requests of a vault, whatever they are for.
      vault.heldUntilMs = Math.max(vault.heldUntilMs, clock() + (after.waitMs ?? retry))
      vault.held = source.failure
    }
    // News that came after the question are not answered by it.
    source.dueMs = source.isPoked ? 0 : dueMs
  }

  /** Returns what the vault, or whoever hands out its tokens, says of the next attempt. */
  async function refresh(source: Source): Promise<{ waitMs?: number | undefined; isThrottled?: boolean }> {
    const { text } = source.url
    log('info', 'CertificateManager', `Beginning refresh for: ${text}`)
    source.lastPoll = parts.now()
    try {
      const secret = await parts.fetchSecret(source.url, source.identity)
      source.failure = ''
      source.isHopeless = false
      await closing
      installing++
      try {
        for (const member of source.members) await installMember(member, secret, parts)
      } finally {
        installing--
      }
      return {}
    } catch (error) {
      if (signal.aborted) return {}
      source.failure = failureText(error)
      log('error', 'CertificateManager', `Refreshing '${text}' failed with exception: ${source.failure}`)
      if (!(error instanceof FetchFailure)) return {}
      source.isHopeless = error.kind === 'identity'
      return { waitMs: error.retryAfterMs, isThrottled: error.kind === 'throttled' }
    }
  }

  /** Not while something is being installed, which may be about to need what would be taken back. */
  async function closeUnneeded(): Promise<void> {
    if (installing > 0 || closing) return
    const needed = membersOf(sources).map(({ member: { certificate, subjects } }) => ({
      store: certificate.store,
      subjects,
    }))
    closing = closeFolders(records, needed, run)
    try {
      await closing
    } finally {
      closing = undefined
    }
  }

  async function attempt(what: string, doIt: () => Promise<void>): Promise<void> {
    await doIt().catch(error => log('warning', 'CertificateManager', `${what}: ${failureText(error)}`))
  }

  return {
    begin(due) {
      if (signal.aborted) return
      for (const source of due) {
        if (source.isUnderWay) continue
        source.isUnderWay = true
        vaultOf(source).waiting.push(source)
      }
      for (const vault of new Set(due.map(vaultOf)))
        while (vault.workers < atOnce && vault.waiting.length > 0) {
          vault.workers++
          const worker = drain(vault).finally(() => work.delete(worker))
          work.add(worker)
        }
    },
    async ended() {
      while (work.size > 0) await Promise.all(work)
    },
  }
}

async function installMember(member: Member, secret: Secret, parts: PollParts): Promise<void> {
  const { log, records } = parts
  const { certificate } = member
  try {
    const done = await install(certificate, secret, parts)
    const rejected = records.rejected[linkPath(certificate)]
    if (rejected !== undefined && rejected !== secret.version) delete records.rejected[linkPath(certificate)]
    member.subjects = done.subjects
    if (done.isWritten) log('info', 'CertificateManager', `certificate file name: ${done.file}`)
    if (done.renewal) log('info', 'CertificateManager', `${linkPath(certificate)} leads to ${done.renewal.to}`)
    for (const remark of done.remarks.filter(one => !member.remarks.includes(one)))
      log('warning', 'CertificateManager', `${fileName(certificate, secret.version)}: ${remark}`)
    member.remarks = done.remarks
    member.failure = ''
  } catch (error) {
    member.failure = failureText(error)
    log('error', 'CertificateManager', `Refreshing '${certificate.url.text}' failed with exception: ${member.failure}`)
  }
}
