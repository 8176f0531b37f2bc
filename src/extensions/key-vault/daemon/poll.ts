/** One poll: fetches what is due and brings what is installed in line with it. Nothing in here ends the service. */

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
  /** Called after each source, so that what is known is known at once. */
  readonly onProgress: () => void
  /** Has what follows renewals begin. */
  readonly conclude: () => void
}

const atOnce = 8

/** `isInitial`: the waits between attempts may be longer than the interval. */
export async function poll(
  sources: readonly Source[],
  due: readonly Source[],
  { pollingIntervalSec, isInitial }: { pollingIntervalSec: number; isInitial: boolean },
  parts: PollParts,
): Promise<void> {
  const queue = [...due]
  const worker = async () => {
    for (let source = queue.shift(); source; source = queue.shift()) {
      source.isPoked = false
      source.dueMs = 0
      await refresh(source, parts)
      const failed = source.failure !== '' || source.members.some(({ failure }) => failure !== '')
      source.failures = failed ? source.failures + 1 : 0
      const interval = pollWaitMs(pollingIntervalSec, parts.random())
      const retry = retryWaitMs(source.failures, parts.random())
      const wait = failed ? (isInitial ? retry : Math.min(retry, interval)) : interval
      // News that came after the question are not answered by it.
      source.dueMs = source.isPoked ? 0 : Math.max(parts.clock() + wait, source.dueMs)
      parts.onProgress()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const all = membersOf(sources)
  // Looking at all would take longer than the rest where there are many.
  for (const { member } of membersOf(due)) member.installed = installedVersion(member.certificate)
  parts.conclude()
  await attempt(parts, 'The access to folders could not be taken back', () =>
    closeFolders(
      parts.records,
      all.map(({ member: { certificate, subjects } }) => ({ store: certificate.store, subjects })),
      parts.run,
    ),
  )
  await attempt(parts, 'What is installed could not be noted', () => parts.records.save())
  parts.onProgress()
}

async function attempt({ log }: PollParts, what: string, work: () => Promise<void>): Promise<void> {
  await work().catch(error => log('warning', 'CertificateManager', `${what}: ${failureText(error)}`))
}

async function refresh(source: Source, parts: PollParts): Promise<void> {
  const { log, clock } = parts
  const { text } = source.url
  log('info', 'CertificateManager', `Beginning refresh for: ${text}`)
  source.lastPoll = parts.now()
  try {
    const secret = await parts.fetchSecret(source.url, source.identity)
    source.failure = ''
    source.isHopeless = false
    for (const member of source.members) await installMember(member, secret, parts)
  } catch (error) {
    source.failure = failureText(error)
    source.isHopeless = error instanceof FetchFailure && error.kind === 'identity'
    const after = error instanceof FetchFailure ? error.retryAfterMs : undefined
    if (after !== undefined) source.dueMs = clock() + after
    log('error', 'CertificateManager', `Refreshing '${text}' failed with exception: ${source.failure}`)
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
    member.installed = installedVersion(certificate)
  } catch (error) {
    member.failure = failureText(error)
    log('error', 'CertificateManager', `Refreshing '${certificate.url.text}' failed with exception: ${member.failure}`)
  }
}
