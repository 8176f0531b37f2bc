import type { StoredLease } from '../../store/blob-containers.ts'
import { isLocked, type LeaseState, stateOf } from '../../store/lease-state.ts'
import * as refusals from './refusals.ts'

/** As headers and lists show it. */
export function leaseHeaders(lease: StoredLease | undefined, now: number) {
  const state = stateOf(lease, now)
  return {
    'x-ms-lease-status': isLocked(state) ? 'locked' : 'unlocked',
    'x-ms-lease-state': state,
    'x-ms-lease-duration': state === 'leased' ? (lease?.durationSec === -1 ? 'infinite' : 'fixed') : undefined,
  } as const
}

type What = 'blob' | 'container'

/** Whether the lease lets somebody write who names this id, or none. Throws 412. */
export function checkWrite(lease: StoredLease | undefined, given: string | null, now: number, what: What): void {
  const state = stateOf(lease, now)
  if (given === null) {
    if (isLocked(state)) throw refusals.lease.missing()
    return
  }
  checkNamed(lease, state, given, what)
}

/** Whoever reads needs no id; one that is wrong is refused all the same. Throws 412. */
export function checkRead(lease: StoredLease | undefined, given: string | null, now: number, what: What): void {
  if (given !== null) checkNamed(lease, stateOf(lease, now), given, what)
}

function checkNamed(lease: StoredLease | undefined, state: LeaseState, given: string, what: What): void {
  if (!lease || state === 'available') throw refusals.lease.notPresentOnData(what)
  if (!isLocked(state)) throw sameId(lease.id, given) ? refusals.lease.lost() : refusals.lease.notPresentOnData(what)
  if (!sameId(lease.id, given)) throw refusals.lease.mismatchOnData(what)
}

/** A write after the end of a lease ends it for good: its holder cannot renew it any more. */
export const afterWrite = (lease: StoredLease | undefined, now: number): StoredLease | undefined =>
  isLocked(stateOf(lease, now)) ? lease : undefined

export const sameId = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
