/**
 * What is known of the files that were written, so that they need not be made again to be compared, and so that only what
 * was granted here is ever withdrawn. Losing it costs time, not certificates.
 */

import { join } from 'node:path'
import type { AclSubject } from '../../host/acl.ts'
import { readTextIfPresent, writeDurably } from '../../host/files.ts'
import { asRecord } from '../../host/unknown.ts'
import type { ObservedCertificate } from '../settings/wish.ts'

export type FileRecord = {
  /** Digests of the secret's value and of what it was made into. */
  readonly value: string
  readonly content: string
  readonly readers: readonly AclSubject[]
}

/** A link that has been swapped, or is about to be, and whose consequences have not been drawn yet. */
export type Renewal = { readonly from: string | undefined; readonly to: string }

export type RenewalOutcome = {
  readonly version: string
  readonly status: 'success' | 'warning' | 'error'
  readonly message: string
  /** What the settings wanted done, so that an outcome does not outlive them. */
  readonly wanted: string
}

export type Records = {
  /** By path. */
  readonly files: Record<string, FileRecord>
  /** Who was let pass through a folder. */
  readonly folders: Record<string, readonly AclSubject[]>
  /** By the path of the link. */
  readonly renewals: Record<string, Renewal>
  readonly outcomes: Record<string, RenewalOutcome>
  /** Versions that were put back, because what they are for did not get on with them. */
  readonly rejected: Record<string, string>
  save(): Promise<void>
}

type WithConsequences = Pick<ObservedCertificate, 'store' | 'link' | 'afterRenewal' | 'verify'>

/** What is to be done after a renewal, as a text to compare. */
export const wantedAfter = ({ afterRenewal, verify }: WithConsequences) => JSON.stringify([afterRenewal, verify])

/**
 * What became of the last renewal, as long as it says something of what is there now: of the version that is installed,
 * or of the one that the vault has and that was put back.
 */
export function lastingOutcome(
  { outcomes, rejected }: Pick<Records, 'outcomes' | 'rejected'>,
  certificate: WithConsequences,
  installed: string | undefined,
): RenewalOutcome | undefined {
  const path = `${certificate.store}/${certificate.link}`
  const outcome = outcomes[path]
  const isAsked = certificate.afterRenewal !== undefined || certificate.verify !== undefined
  if (!outcome || !isAsked || outcome.wanted !== wantedAfter(certificate)) return undefined
  return outcome.version === installed || outcome.version === rejected[path] ? outcome : undefined
}

/** Somebody says that what went wrong has been put right: every version may be tried again. */
export function forgetRejections({ rejected }: Pick<Records, 'rejected'>): void {
  for (const path of Object.keys(rejected)) delete rejected[path]
}

export function openRecords(folder: string): Records {
  const path = join(folder, 'installed.json')
  const text = readTextIfPresent(path)
  const { files, folders, renewals, outcomes, rejected } = asRecord(parse(text))
  const records = {
    files: { ...asRecord(files) },
    folders: { ...asRecord(folders) },
    renewals: { ...asRecord(renewals) },
    outcomes: { ...asRecord(outcomes) },
    rejected: { ...asRecord(rejected) },
  } as Omit<Records, 'save'>
  let saved = text
  let last: Promise<unknown> = Promise.resolve()
  const write = async () => {
    const now = JSON.stringify(records)
    if (now === saved) return
    await writeDurably(path, now, { mode: 0o600 })
    saved = now
  }
  return {
    ...records,
    // One after another: what is older must not be written last.
    save() {
      const mine = last.then(write, write)
      last = mine
      return mine
    },
  }
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '{}')
  } catch {
    // Written in one step, so somebody else has been at it; everything is found out again.
    return {}
  }
}
