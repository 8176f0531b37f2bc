/**
 * What follows when a link has been swapped: the program that uses the certificate is told, once for all certificates of
 * one poll that it uses; then, where it is asked for, what it serves is looked at, and a version that it does not serve is
 * put back. It goes on beside the polls, for a program may take its time. Read `openConcluding` first.
 */

import { X509Certificate } from 'node:crypto'
import { failureText } from '../../handler/failure.ts'
import type { Run } from '../../host/run.ts'
import type { AfterRenewal, ObservedCertificate } from '../settings/wish.ts'
import { readOwnFile } from '../store/folder.ts'
import { fileName, installedVersion, linkPath, linkTo } from '../store/install.ts'
import type { Records, Renewal, RenewalOutcome } from '../store/records.ts'
import { nameIn, type ServedSerial, servedSerial } from './served.ts'

export type ConcludeParts = {
  readonly records: Records
  readonly run: Run
  readonly pause: (ms: number) => Promise<void>
  readonly log: (text: string) => void
  readonly served?: typeof servedSerial
}

/** A program that hangs must not keep other certificates from being renewed. */
const commandLimitMs = 60_000
/** A server that is reloaded goes on serving the old certificate for a moment. */
const looks = 50
const lookEveryMs = 200

type Swapped = { readonly certificate: ObservedCertificate; readonly renewal: Renewal }

export type Concluding = {
  /** Begins to draw the consequences of all swaps that are on record, also of those before a crash. */
  begin(): void
  /** Resolves when all that was begun has ended. */
  ended(): Promise<void>
}

/** `onEnd` is called whenever something has ended, with the certificates that it was about. */
export function openConcluding(
  certificates: readonly ObservedCertificate[],
  parts: ConcludeParts & { readonly onEnd: (certificates: readonly ObservedCertificate[]) => void },
): Concluding {
  const { records, log, onEnd } = parts
  /** By the program that is told: each is told once at a time. */
  const running = new Map<string, Promise<void>>()

  function begin(): void {
    const swapped = certificates.flatMap(certificate => {
      const renewal = records.renewals[linkPath(certificate)]
      // It is on record before the swap, which a poll may be about to make.
      return renewal && installedName(certificate) === renewal.to ? [{ certificate, renewal }] : []
    })
    for (const [program, group] of Map.groupBy(swapped, ({ certificate }) => JSON.stringify(certificate.afterRenewal)))
      if (!running.has(program)) running.set(program, work(program, group))
  }

  async function work(program: string, group: readonly Swapped[]): Promise<void> {
    let hasFailed = false
    try {
      await conclude(group, parts)
    } catch (error) {
      hasFailed = true
      log(`What follows a renewal could not be done: ${failureText(error)}`)
    }
    running.delete(program)
    onEnd(group.map(({ certificate }) => certificate))
    // What was swapped meanwhile. After a failure the next poll is soon enough.
    if (!hasFailed) begin()
  }

  return {
    begin,
    async ended() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

async function conclude(group: readonly Swapped[], parts: ConcludeParts): Promise<void> {
  const { records } = parts
  const told = await tell(group[0]?.certificate.afterRenewal, parts)
  const putBack: Swapped[] = []
  for (const one of group) {
    const { outcome, isServed } = await outcomeOf(one, told, parts)
    if (!isLast(one, records)) continue
    records.outcomes[linkPath(one.certificate)] = outcome
    if (!isServed && one.renewal.from !== undefined) putBack.push(one)
  }
  if (putBack.length > 0) await goBack(putBack, parts)
  for (const one of group) if (isLast(one, records)) delete records.renewals[linkPath(one.certificate)]
  await records.save()
}

function installedName(certificate: ObservedCertificate): string | undefined {
  const installed = installedVersion(certificate)
  return installed && fileName(certificate, installed.version)
}

/** Whether no newer version has been installed since. */
const isLast = ({ certificate, renewal }: Swapped, records: Records) =>
  records.renewals[linkPath(certificate)] === renewal

type Told = { readonly text: string; readonly failure: string | undefined }

async function tell(wish: AfterRenewal | undefined, { run, log }: ConcludeParts): Promise<Told> {
  if (!wish) return { text: '', failure: undefined }
  const commands: readonly (readonly [string, ...string[]])[] =
    // One that does not run is left alone, and will read the new file when it starts.
    'reload' in wish ? [['systemctl', 'try-reload-or-restart', '--', wish.reload]] : wish.commands
  const text =
    'reload' in wish ? `${wish.reload} was reloaded` : `${commands.map(([program]) => program).join(', ')} ran`
  for (const [program, ...args] of commands) {
    try {
      await run(program, args, { timeoutMs: commandLimitMs })
    } catch (error) {
      const failure = failureText(error).replace(/\s+/g, ' ')
      log(`After the renewal: ${failure}`)
      return { text, failure }
    }
  }
  log(`After the renewal: ${text}.`)
  return { text, failure: undefined }
}

async function outcomeOf(
  { certificate, renewal }: Swapped,
  told: Told,
  parts: ConcludeParts,
): Promise<{ outcome: RenewalOutcome; isServed: boolean }> {
  const version = versionOf(renewal.to)
  const said = told.failure === undefined ? told.text : `afterRenewal failed: ${told.failure}`
  // What is installed for the first time may come before the program that serves it, and there is nothing to go back to.
  const verify = renewal.from === undefined ? undefined : certificate.verify
  if (!verify) {
    // The unit may come with what is installed after this.
    const isEarly = renewal.from === undefined && certificate.afterRenewal && 'reload' in certificate.afterRenewal
    const message = said === '' ? 'The link was swapped' : said
    return {
      outcome: { version, status: told.failure === undefined || isEarly ? 'success' : 'error', message },
      isServed: true,
    }
  }
  const { serial, found } = await lookWhatIsServed(certificate, renewal.to, parts)
  const at = `${verify.host}:${verify.port}`
  const isServed = 'serial' in found && found.serial === serial
  const seen = 'serial' in found ? `serves the serial number ${found.serial}` : `cannot be asked: ${found.failure}`
  const message = [said, isServed ? `${at} serves it (serial number ${serial})` : `${at} ${seen} instead of ${serial}`]
  const status = isServed && told.failure === undefined ? 'success' : 'error'
  return { outcome: { version, status, message: message.filter(part => part !== '').join('; ') }, isServed }
}

/** Until the right one is served, for at most ten seconds. */
async function lookWhatIsServed(certificate: ObservedCertificate, name: string, parts: ConcludeParts) {
  const { verify } = certificate
  const leaf = new X509Certificate(readOwnFile(`${certificate.store}/${name}`))
  const serial = leaf.serialNumber
  let found: ServedSerial = { failure: 'it was not asked' }
  for (let look = 0; verify && look < looks; look++) {
    if (look > 0) await parts.pause(lookEveryMs)
    found = await (parts.served ?? servedSerial)(verify, nameIn(leaf))
    if ('serial' in found && found.serial === serial) break
  }
  return { serial, found }
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
  const told = await tell(swapped[0]?.certificate.afterRenewal, parts)
  for (const one of swapped) {
    const { certificate, renewal } = one
    const before = records.outcomes[linkPath(certificate)]
    if (renewal.from === undefined || !before || !isLast(one, records)) continue
    const back = await outcomeOf({ certificate, renewal: { from: renewal.to, to: renewal.from } }, told, parts)
    records.outcomes[linkPath(certificate)] = {
      ...before,
      status: 'error',
      message: `Version ${before.version} was put back to ${versionOf(renewal.from)}: ${before.message}. Now: ${back.outcome.message}`,
    }
  }
}

/** Versions are the last part of a file's name. */
const versionOf = (name: string) => name.slice(name.lastIndexOf('.') + 1)
