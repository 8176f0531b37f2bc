/**
 * What follows when a link has been swapped: the program that uses the certificate is told, once for all certificates
 * that it uses and that were fetched together; then, where it is asked for, what it serves is looked at, and a version
 * that it does not serve is put back. It goes on beside the polls, for a program may take its time. Read `openConcluding`
 * first.
 */

import { X509Certificate } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { failureText } from '../../handler/failure.ts'
import type { AfterRenewal, ObservedCertificate } from '../settings/wish.ts'
import { readOwnFile } from '../store/folder.ts'
import { linkPath, linkTo } from '../store/install.ts'
import { type Records, type Renewal, type RenewalOutcome, wantedAfter } from '../store/records.ts'
import { nameIn, type ServedSerial, servedSerial } from './served.ts'
import { type TellParts, type Told, tell } from './tell.ts'

export type ConcludeParts = TellParts & {
  readonly records: Records
  readonly now: () => Date
  readonly pause: (ms: number) => Promise<void>
  readonly served?: typeof servedSerial
}

/** A server that is reloaded goes on serving the old certificate for a moment. */
const looks = 50
const lookEveryMs = 200
/** How long a program is not told because more of its certificates may come: their vault may not answer. */
const gatherMs = 2_000

type Swapped = { readonly certificate: ObservedCertificate; readonly renewal: Renewal }

export type Concluding = {
  /**
   * Begins to draw the consequences of all swaps that are on record, also of those before a crash. Those that could not
   * be drawn before are tried again for certificates that have just been asked for.
   */
  begin(asked?: readonly ObservedCertificate[]): void
  /** When to begin again if nothing else is a reason to, by the clock; infinite when there is nothing to begin. */
  nextMs(): number
  /** Resolves when all that was begun has ended. */
  ended(): Promise<void>
}

type Around = {
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number
  /** Whether one that the same program is told of is about to be fetched. */
  readonly isAwaited: (program: string) => boolean
  /** Called whenever something has ended, with the certificates that it was about. */
  readonly onEnd: (certificates: readonly ObservedCertificate[]) => void
}

/** Certificates of which the same program is told have the same. */
export const programOf = ({ afterRenewal }: { readonly afterRenewal: AfterRenewal | undefined }) =>
  JSON.stringify(afterRenewal ?? null)

export function openConcluding(
  certificates: readonly ObservedCertificate[],
  parts: ConcludeParts & Around,
): Concluding {
  const { records, log, onEnd, clock, isAwaited } = parts
  /** By the program that is told: each is told once at a time. */
  const running = new Map<string, Promise<void>>()
  /** Since when a program is not told because of what is awaited. */
  let gathering = new Map<string, number>()
  /** What could not be brought to an end; the next poll of the certificate is soon enough. */
  const open = new WeakSet<Renewal>()

  function begin(asked: readonly ObservedCertificate[] = []): void {
    if (Object.keys(records.renewals).length === 0 && gathering.size === 0) return
    for (const certificate of asked) {
      const renewal = records.renewals[linkPath(certificate)]
      if (renewal) open.delete(renewal)
    }
    const recorded = certificates.flatMap(certificate => {
      const renewal = records.renewals[linkPath(certificate)]
      return renewal && !open.has(renewal) ? [{ certificate, renewal }] : []
    })
    const gathered = gathering
    gathering = new Map()
    for (const [program, group] of Map.groupBy(recorded, ({ certificate }) => programOf(certificate))) {
      if (running.has(program)) continue
      const since = gathered.get(program) ?? clock()
      if (isAwaited(program) && clock() < since + gatherMs) {
        gathering.set(program, since)
        continue
      }
      // It is on record before the swap, which a poll may be about to make.
      const swapped = group.filter(({ certificate, renewal }) => leadsTo(certificate) === renewal.to)
      if (swapped.length > 0) running.set(program, work(program, swapped))
    }
  }

  async function work(program: string, group: readonly Swapped[]): Promise<void> {
    try {
      for (const { renewal } of await conclude(group, parts)) open.add(renewal)
    } catch (error) {
      for (const { renewal } of group) open.add(renewal)
      log(`What follows a renewal could not be done: ${failureText(error)}`)
    }
    running.delete(program)
    // What was swapped meanwhile.
    begin()
    onEnd(group.map(({ certificate }) => certificate))
  }

  return {
    begin,
    nextMs: () => Math.min(...[...gathering.values()].map(since => since + gatherMs)),
    async ended() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

/** Returns what is to be tried again. */
async function conclude(group: readonly Swapped[], parts: ConcludeParts): Promise<Swapped[]> {
  const { records } = parts
  const wish = group[0]?.certificate.afterRenewal
  const silent = wish && 'reload' in wish ? new Set<Swapped>() : await whereNobodyListens(group, parts)
  const told = await tell(wish, parts)
  const patience = { looks }
  const [putBack, left]: [Swapped[], Swapped[]] = [[], []]
  for (const one of group) {
    const { outcome, verdict } = await outcomeOf(one, told, { wasSilent: silent.has(one), patience }, parts)
    if (!isLast(one, records)) continue
    const ended = verdict === 'bad' ? endOf(one, parts) : undefined
    records.outcomes[linkPath(one.certificate)] =
      ended === undefined ? outcome : { ...outcome, message: `${outcome.message}; ${ended}` }
    if (verdict === 'bad' && ended === undefined) putBack.push(one)
    else if (verdict !== 'good') left.push(one)
  }
  if (putBack.length > 0) await goBack(putBack, parts)
  for (const one of group)
    if (isLast(one, records) && !left.includes(one)) delete records.renewals[linkPath(one.certificate)]
  await records.save()
  return left
}

function leadsTo(certificate: ObservedCertificate): string | undefined {
  try {
    return readlinkSync(linkPath(certificate))
  } catch {
    // Somebody has taken it away; the next poll finds out and repairs it.
    return undefined
  }
}

/** Whether no newer version has been installed since. */
const isLast = ({ certificate, renewal }: Swapped, records: Records) =>
  records.renewals[linkPath(certificate)] === renewal

/** What is installed for the first time may come before the program that serves it, and there is nothing to go back to. */
const verifyOf = ({ certificate, renewal }: Swapped) => (renewal.from === undefined ? undefined : certificate.verify)

/** Of a program that is no unit, only its port says whether it runs. */
async function whereNobodyListens(group: readonly Swapped[], parts: ConcludeParts): Promise<Set<Swapped>> {
  const silent = new Set<Swapped>()
  for (const one of group) {
    const verify = verifyOf(one)
    const found = verify && (await (parts.served ?? servedSerial)(verify, undefined))
    if (found && 'failure' in found && found.isSilent) silent.add(one)
  }
  return silent
}

/** `open`: nobody could be asked, which says nothing against the version. */
type Verdict = 'good' | 'bad' | 'open'

async function outcomeOf(
  one: Swapped,
  told: Told,
  { wasSilent, patience }: { wasSilent: boolean; patience: { looks: number } },
  parts: ConcludeParts,
): Promise<{ outcome: RenewalOutcome; verdict: Verdict }> {
  const { certificate, renewal } = one
  const isFirst = renewal.from === undefined
  const failure = told.failure ?? (told.absent === 'missing' && !isFirst ? told.text : undefined)
  const said = failure === undefined ? told.text : `afterRenewal failed: ${failure}`
  const outcome = (status: RenewalOutcome['status'], ...message: string[]): RenewalOutcome => ({
    version: versionOf(renewal.to),
    ...{ status, message: message.filter(part => part !== '').join('; '), wanted: wantedAfter(certificate) },
  })
  const verify = verifyOf(one)
  // The unit may come with what is installed after this.
  const isEarly = isFirst && told.absent === 'missing'
  if (!verify)
    return {
      outcome: outcome(
        failure === undefined ? 'success' : 'error',
        isEarly ? `${said} yet` : said || 'The link was swapped',
      ),
      verdict: 'good',
    }
  const at = `${verify.host}:${verify.port}`
  if (told.absent === 'stopped')
    return {
      outcome: outcome('warning', said, `so ${at} could not be looked at, which is done with the next poll`),
      verdict: 'open',
    }
  const { serial, found } = await lookWhatIsServed(certificate, renewal.to, patience, parts)
  if ('serial' in found && found.serial === serial) {
    const message = `${at} serves it (serial number ${serial})`
    return { outcome: outcome(failure === undefined ? 'success' : 'error', said, message), verdict: 'good' }
  }
  if (wasSilent && 'failure' in found && found.isSilent) {
    const message = `nobody listens at ${at}, neither before nor now; it is looked at again with the next poll`
    return { outcome: outcome(failure === undefined ? 'warning' : 'error', said, message), verdict: 'open' }
  }
  const seen = 'serial' in found ? `serves the serial number ${found.serial}` : `cannot be asked: ${found.failure}`
  return { outcome: outcome('error', said, `${at} ${seen} instead of ${serial}`), verdict: 'bad' }
}

/** Until the right one is served, as long as there is patience; once at least. */
async function lookWhatIsServed(
  certificate: ObservedCertificate,
  name: string,
  patience: { looks: number },
  parts: ConcludeParts,
) {
  const { verify } = certificate
  const leaf = new X509Certificate(readOwnFile(`${certificate.store}/${name}`))
  const serial = leaf.serialNumber
  let found: ServedSerial = { failure: 'it was not asked' }
  for (let isFirst = true; verify && (isFirst || patience.looks > 0); isFirst = false) {
    if (!isFirst) await parts.pause(lookEveryMs)
    patience.looks--
    found = await (parts.served ?? servedSerial)(verify, nameIn(leaf))
    if ('serial' in found && found.serial === serial) break
  }
  return { serial, found }
}

/** What keeps the version before from being put back; undefined when it is still good. */
function endOf({ certificate, renewal: { from } }: Swapped, { now }: ConcludeParts): string | undefined {
  if (from === undefined) return 'there is none to go back to'
  try {
    const { validTo } = new X509Certificate(readOwnFile(`${certificate.store}/${from}`))
    if (new Date(validTo) > now()) return undefined
    return `it stays, for ${versionOf(from)} is no longer valid since ${new Date(validTo).toISOString()}`
  } catch {
    return `it stays, for ${versionOf(from)} cannot be read any more`
  }
}

async function goBack(swapped: readonly Swapped[], parts: ConcludeParts): Promise<void> {
  const { records, log } = parts
  for (const one of swapped) {
    const { certificate, renewal } = one
    if (renewal.from === undefined || !isLast(one, records)) continue
    // On record before the swap: otherwise the next poll would install it once more.
    records.rejected[linkPath(certificate)] = versionOf(renewal.to)
    await records.save()
    if (!isLast(one, records)) continue
    linkTo(certificate, renewal.from)
    log(`${linkPath(certificate)} leads to ${renewal.from} again.`)
  }
  const told = await tell(swapped[0]?.certificate.afterRenewal, parts, { isBack: true })
  const patience = { looks }
  for (const one of swapped) {
    const { certificate, renewal } = one
    const before = records.outcomes[linkPath(certificate)]
    if (renewal.from === undefined || !before || !isLast(one, records)) continue
    const back = { certificate, renewal: { from: renewal.to, to: renewal.from } }
    const { outcome } = await outcomeOf(back, told, { wasSilent: false, patience }, parts)
    records.outcomes[linkPath(certificate)] = {
      ...before,
      status: 'error',
      message: `Version ${before.version} was put back to ${versionOf(renewal.from)}: ${before.message}. Now: ${outcome.message}`,
    }
  }
}

/** Versions are the last part of a file's name. */
const versionOf = (name: string) => name.slice(name.lastIndexOf('.') + 1)
