/**
 * What follows when a link has been swapped: the program that uses the certificate is told, once for all certificates of
 * one poll that it uses; then, where it is asked for, what it serves is looked at, and a version that it does not serve is
 * put back. Read `conclude` first.
 */

import { X509Certificate } from 'node:crypto'
import { failureText } from '../../handler/failure.ts'
import type { Run } from '../../host/run.ts'
import type { AfterRenewal, ObservedCertificate } from '../settings/wish.ts'
import { readOwnFile } from '../store/folder.ts'
import { linkPath, linkTo } from '../store/install.ts'
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

/** Draws the consequences of all swaps that are on record, also of those before a crash. */
export async function conclude(certificates: readonly ObservedCertificate[], parts: ConcludeParts): Promise<void> {
  const { records } = parts
  const swapped = certificates.flatMap(certificate => {
    const renewal = records.renewals[linkPath(certificate)]
    return renewal ? [{ certificate, renewal }] : []
  })
  for (const group of groupedByProgram(swapped)) {
    const told = await tell(group[0]?.certificate.afterRenewal, parts)
    const putBack: Swapped[] = []
    for (const one of group) {
      const { outcome, isServed } = await outcomeOf(one, told, parts)
      records.outcomes[linkPath(one.certificate)] = outcome
      if (!isServed && one.renewal.from !== undefined) putBack.push(one)
    }
    if (putBack.length > 0) await goBack(putBack, parts)
    for (const { certificate } of group) delete records.renewals[linkPath(certificate)]
    await records.save()
  }
}

function groupedByProgram(swapped: readonly Swapped[]): Swapped[][] {
  const groups = new Map<string, Swapped[]>()
  for (const one of swapped) {
    const key = JSON.stringify(one.certificate.afterRenewal ?? null)
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()]
}

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
  for (const { certificate, renewal } of swapped) {
    if (renewal.from === undefined) continue
    // On record before the swap: otherwise the next poll would install it once more.
    records.rejected[linkPath(certificate)] = versionOf(renewal.to)
    await records.save()
    linkTo(certificate, renewal.from)
    log(`${linkPath(certificate)} leads to ${renewal.from} again.`)
  }
  const told = await tell(swapped[0]?.certificate.afterRenewal, parts)
  for (const one of swapped) {
    const { certificate, renewal } = one
    const before = records.outcomes[linkPath(certificate)]
    if (renewal.from === undefined || !before) continue
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
