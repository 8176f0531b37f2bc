import type { StoredLease } from './blob-containers.ts'

/**
 * A lease lets only its holder write. It runs out, or it is broken, at once or after a while; what is stored are times,
 * so that nothing has to happen when they come.
 */
export type LeaseState = 'available' | 'leased' | 'expired' | 'breaking' | 'broken'

export function stateOf(lease: StoredLease | undefined, now: number): LeaseState {
  if (!lease) return 'available'
  if (lease.brokenAt !== undefined) return lease.brokenAt <= now ? 'broken' : 'breaking'
  return lease.endsAt !== undefined && lease.endsAt <= now ? 'expired' : 'leased'
}

export const isLocked = (state: LeaseState): boolean => state === 'leased' || state === 'breaking'
