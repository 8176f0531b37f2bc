/**
 * What becomes of certificates by themselves: what is pending is issued, what comes to its end is renewed. All that is
 * to be done stands in the store before it begins, so that it goes on after a crash where it was.
 */

import { createPrivateKey } from 'node:crypto'
import { systemGrant } from '../../access/grant.ts'
import type { Log } from '../../log.ts'
import { atMost } from '../../queues.ts'
import type { Store } from '../../store/open.ts'
import type { ObjectPlace, VaultPlace } from '../../store/vault-objects.ts'
import { appendEvent } from '../vault-events.ts'
import { beginCertificate } from './begin.ts'
import { addIssued } from './complete.ts'
import { secretOf } from './content.ts'
import { type IssuerParts, IssuingFailure, issue } from './issue.ts'
import { issuerKindOf } from './issuers.ts'
import { lifetimeOf, nextDue } from './lifetime.ts'
import { recordNotice } from './notices.ts'
import { type CertificateRecord, type PendingCertificate, recordOf } from './record.ts'
import { scheduleCertificate } from './schedule.ts'

export type CertificateWork = {
  /** Does what is due of a certificate. What an issuer outside takes its time for goes on after it has resolved. */
  attend(vault: VaultPlace, name: string): Promise<void>
  /** Ends what runs; it is begun again at the next start. */
  close(): Promise<void>
}

type WorkParts = Omit<IssuerParts, 'store'> & {
  readonly store: Pick<Store, 'vaultObjects' | 'write' | 'appendAudit'>
  readonly log: Log
  /** Called with the names of vault and certificate when there is a new version. */
  readonly onIssued: (vault: string, name: string) => void
}

const carryOut = systemGrant('issue and renew certificates')

const minuteMs = 60_000
/** While an issuer outside is at work. Longer than the time between two looks, shorter than anybody wants to wait. */
const leaseMs = minuteMs / 2
const ordersAtOnce = 8
const mostAttempts = 8
const longestPauseMs = 24 * 60 * minuteMs

export function openCertificateWork(parts: WorkParts): CertificateWork {
  const { store, clock, log } = parts
  const closing = new AbortController()
  const orders = new Map<string, Promise<void>>()
  const oneOfFew = atMost(ordersAtOnce)

  async function attend(place: ObjectPlace): Promise<void> {
    for (let hasChanged = false; ; hasChanged = true) {
      const found = await store.vaultObjects.version(carryOut, place)
      const record = found && recordOf(found.object)
      const due = record && nextDue(record, found.version)
      if (!record || !due || due.at > clock.now()) {
        // Whatever changes a certificate also notes when it is due next.
        if (!hasChanged) await store.write(tx => scheduleCertificate(tx, carryOut, place))
        return
      }
      if (due.kind === 'cancel') await change(place, record.pending, cancelled)
      else if (due.kind === 'issue' && record.pending) {
        if (issuerKindOf(record.pending.issuer.name) === 'provider') return order(place, record)
        await issuePending(place, record)
      } else if (due.kind === 'action' && due.action === 'EmailContacts') {
        await recordNotice(store, carryOut, place, found, 'EmailContacts', clock.now())
      } else if (due.kind === 'notice') await recordNotice(store, carryOut, place, found, due.notice, clock.now())
      else await renew(place, record)
    }
  }

  /** In the background, and once at a time; `due` lets it rest meanwhile. */
  async function order(place: ObjectPlace, record: CertificateRecord): Promise<void> {
    const key = `${place.vault.name}/${place.name}`.toLowerCase()
    await store.write(tx => tx.vaultObjects.setDue(carryOut, place, clock.now() + leaseMs))
    if (orders.has(key) || closing.signal.aborted) return
    const running = oneOfFew(() => issuePending(place, record))
      .catch(error => log.error({ err: error, certificate: key }, 'a certificate could not be issued'))
      .finally(() => orders.delete(key))
    orders.set(key, running)
  }

  async function renew(place: ObjectPlace, { policy }: CertificateRecord): Promise<void> {
    const current = await store.vaultObjects.version(carryOut, place)
    // Whoever reads the tags of a certificate reads them of the renewed one, too.
    const tags = current?.version.tags
    const wish = { policy, enabled: true, isRenewal: true, ...(tags ? { tags } : {}) }
    await beginCertificate(store, carryOut, place, wish, clock.now())
  }

  async function issuePending(place: ObjectPlace, { pending, policy }: CertificateRecord): Promise<void> {
    if (!pending || closing.signal.aborted) return
    const sealed = await store.vaultObjects.unseal(carryOut, place)
    if (!sealed) return change(place, pending, failedWith('The key that was to be certified is gone.', clock.now()))
    const key = createPrivateKey({ key: sealed, format: 'der', type: 'pkcs8' })
    const wanted = { policy, key, csr: Buffer.from(pending.csr, 'base64') }
    try {
      const chain = await issue(parts, carryOut, place, wanted, closing.signal)
      const [leaf] = chain
      if (!leaf) throw new IssuingFailure('The issuer has sent nothing', { mayPass: false })
      const secret = await secretOf({ chain, key, policy })
      const lifetime = lifetimeOf(clock.now(), {
        notBeforeMs: leaf.validFromDate.getTime(),
        notAfterMs: leaf.validToDate.getTime(),
      })
      const { version, enabled, tags } = pending
      const issued = { version, leaf, key, secret, policy, enabled, lifetime, ...(tags ? { tags } : {}) }
      const isDone = await store.write(async tx => {
        if (!(await isStillWanted(tx, place, pending))) return false
        await addIssued(tx, carryOut, place, issued, before => completed(before, { policy, pending }), clock.now())
        return true
      })
      if (isDone) parts.onIssued(place.vault.name, place.name)
      if (isDone && pending.isRenewal) await event(place, 'Succeeded', version)
    } catch (error) {
      if (closing.signal.aborted) return
      if (!(error instanceof IssuingFailure)) throw error
      log.warn({ err: error, vault: place.vault.name, certificate: place.name }, 'a certificate was not issued')
      await change(
        place,
        pending,
        error.mayPass ? postponed(error, clock.now()) : failedWith(error.message, clock.now()),
      )
      if (pending.isRenewal) await event(place, 'Failed', error.message)
    }
  }

  const event = async (place: ObjectPlace, outcome: 'Succeeded' | 'Failed', detail: string) =>
    appendEvent(store, place, { operation: 'renew', outcome, detail }, clock.now())

  /** Unless somebody has done something else with it meanwhile. */
  async function change(
    place: ObjectPlace,
    pending: PendingCertificate | undefined,
    how: (record: CertificateRecord, pending: PendingCertificate) => CertificateRecord,
  ): Promise<void> {
    await store.write(async tx => {
      const now = await tx.vaultObjects.get(carryOut, place)
      const record = now && recordOf(now)
      if (!pending || !record?.pending || !isSame(record.pending, pending)) return
      const body = how(record, record.pending)
      // The key stays, also of what has failed: somebody may bring a certificate for it that they got otherwise.
      await tx.vaultObjects.put(carryOut, place, { body })
      await scheduleCertificate(tx, carryOut, place)
    })
  }

  return {
    attend: (vault, name) => attend({ vault, kind: 'certificates', name }),
    async close() {
      closing.abort()
      await Promise.allSettled(orders.values())
    },
  }
}

const isSame = (now: PendingCertificate, before: PendingCertificate) =>
  now.requestId === before.requestId && now.status === 'inProgress'

async function isStillWanted(
  tx: Pick<Store, 'vaultObjects'>,
  place: ObjectPlace,
  pending: PendingCertificate,
): Promise<boolean> {
  const now = await tx.vaultObjects.get(carryOut, place)
  const record = now?.deletedAt === undefined && now ? recordOf(now) : undefined
  return record?.pending !== undefined && isSame(record.pending, pending) && !record.pending.cancellationRequested
}

const completed = (
  before: CertificateRecord | undefined,
  { policy, pending }: { policy: CertificateRecord['policy']; pending: PendingCertificate },
): CertificateRecord => {
  const { failing: _over, ...rest } = before ?? { policy }
  const { statusDetails: _details, attempts: _attempts, ...kept } = pending
  return { ...rest, pending: { ...kept, status: 'completed' } }
}

const cancelled = (record: CertificateRecord, pending: PendingCertificate): CertificateRecord => ({
  ...record,
  pending: { ...pending, status: 'cancelled' },
  ...(pending.isRenewal ? { failing: later(record, pending.startedAt) } : {}),
})

const failedWith =
  (message: string, now: number) =>
  (record: CertificateRecord, pending: PendingCertificate): CertificateRecord => {
    const { statusDetails: _details, attempts: _attempts, ...kept } = pending
    const error = { code: 'Certificate issuer error', message }
    return {
      ...record,
      pending: { ...kept, status: 'failed', error },
      // Nobody is there to ask for a renewal again.
      ...(pending.isRenewal ? { failing: later(record, now) } : {}),
    }
  }

const later = ({ failing }: CertificateRecord, now: number) => {
  const times = (failing?.times ?? 0) + 1
  return { times, retryAt: now + Math.min(longestPauseMs, 2 ** times * 30 * minuteMs) }
}

const postponed =
  ({ message }: IssuingFailure, now: number) =>
  (record: CertificateRecord, pending: PendingCertificate): CertificateRecord => {
    const times = (pending.attempts?.times ?? 0) + 1
    if (times >= mostAttempts) return failedWith(message, now)(record, pending)
    const nextAt = now + 2 ** times * (minuteMs / 4)
    const statusDetails = `${message}. The issuer is asked again.`
    return { ...record, pending: { ...pending, statusDetails, attempts: { times, nextAt } } }
  }
