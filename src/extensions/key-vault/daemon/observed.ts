/** What is observed, and how it stands: the state that polls change and that statuses are made of. */

import type { ObservedCertificate as Reported } from '../../../wire/agent-report.ts'
import type { Identity, ObservedCertificate, SecretUrl } from '../settings/wish.ts'
import { type InstalledVersion, installedVersion, linkPath } from '../store/install.ts'
import { lastingOutcome, type Records } from '../store/records.ts'

export type Member = {
  readonly certificate: ObservedCertificate
  installed: InstalledVersion | undefined
  /** Who may pass through its folder. */
  subjects: readonly string[]
  remarks: readonly string[]
  /** What keeps this one from being installed; empty when nothing does. */
  failure: string
}

/** What one request fetches, however many files are made of it. */
export type Source = {
  readonly url: SecretUrl
  readonly identity: Identity
  readonly members: readonly Member[]
  /** Of the clock that nobody sets. */
  dueMs: number
  failures: number
  /** Somebody has said that it changed, perhaps after it was asked for. */
  isPoked: boolean
  /** Waits for its turn to be asked for, or is being asked for. */
  isUnderWay: boolean
  wasAsked: boolean
  lastPoll: Date | undefined
  /** Asking again is no use before somebody has changed something, though it is done. */
  isHopeless: boolean
  failure: string
}

export function sourcesOf(certificates: readonly ObservedCertificate[]): Source[] {
  const sources = new Map<string, Source & { members: Member[] }>()
  for (const certificate of certificates) {
    const { url, identity } = certificate
    const key = JSON.stringify([url.origin, url.name.toLowerCase(), url.version, identity])
    const source = sources.get(key) ?? {
      ...{
        url,
        identity,
        members: [],
        dueMs: 0,
        failures: 0,
        isPoked: false,
        isUnderWay: false,
        wasAsked: false,
        lastPoll: undefined,
        isHopeless: false,
        failure: '',
      },
    }
    source.members.push({
      certificate,
      installed: installedVersion(certificate),
      subjects: [],
      remarks: [],
      failure: '',
    })
    sources.set(key, source)
  }
  return [...sources.values()]
}

export const membersOf = (sources: readonly Source[]) =>
  sources.flatMap(source => source.members.map(member => ({ source, member })))

export const isComplete = (sources: readonly Source[]) =>
  sources.every(({ members }) => members.every(({ installed }) => installed !== undefined))

export const failureOf = ({ source, member }: { source: Source; member: Member }) => source.failure || member.failure

/** For the server and the operator. */
export function reported(
  sources: readonly Source[],
  records: Records,
  { nowMs, clockMs }: { nowMs: number; clockMs: number },
): Reported[] {
  return membersOf(sources).map(({ source, member }) => {
    const { certificate, installed } = member
    const outcome = lastingOutcome(records, certificate, installed?.version)
    return {
      id: `${source.url.origin.replace(/\/\/[^./]+/, `//${source.url.vault}`)}/secrets/${source.url.name}`,
      path: linkPath(certificate),
      installed: installed
        ? {
            version: installed.version,
            notBefore: installed.notBefore.toISOString(),
            notAfter: installed.notAfter.toISOString(),
          }
        : null,
      nextPoll: new Date(nowMs + Math.max(0, source.dueMs - clockMs)).toISOString(),
      lastPoll: source.lastPoll?.toISOString() ?? null,
      lastError: failureOf({ source, member }).slice(0, 2000),
      lastRenewal: (outcome?.message ?? '').slice(0, 2000),
    }
  })
}
