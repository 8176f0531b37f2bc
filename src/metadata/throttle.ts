export type Category = 'identity' | 'other'

type Rate = {
  readonly perSec: number
  /** Requests of one machine that may be in progress at the same time. */
  readonly concurrent: number
}

export type Limits = Readonly<Record<Category, Rate>>

/** Per machine, as documented for Azure. */
export const azureLimits: Limits = {
  identity: { perSec: 20, concurrent: 5 },
  other: { perSec: 5, concurrent: Number.POSITIVE_INFINITY },
}

export type Throttle = {
  /** Zero admits the request, which then has to `leave`; otherwise the whole seconds after which to try again. */
  enter(category: Category, machineId: string): number
  leave(category: Category, machineId: string): void
  forget(machineId: string): void
}

type Bucket = { tokens: number; filledAt: number; running: number }

/** A token bucket per machine and category that holds one second's worth of requests, and at least one. */
export function throttle(limits: Limits, clock: { now(): number }): Throttle {
  const buckets: Record<Category, Map<string, Bucket>> = { identity: new Map(), other: new Map() }

  return {
    enter(category, machineId) {
      const { perSec, concurrent } = limits[category]
      const capacity = Math.max(1, perSec)
      const now = clock.now()
      let bucket = buckets[category].get(machineId)
      if (!bucket) {
        bucket = { tokens: capacity, filledAt: now, running: 0 }
        buckets[category].set(machineId, bucket)
      }
      // A clock that was set back must not lock the machine out until it has caught up.
      const elapsedMs = Math.max(0, now - bucket.filledAt)
      bucket.tokens = Math.min(capacity, bucket.tokens + (elapsedMs * perSec) / 1000)
      bucket.filledAt = now

      if (bucket.running >= concurrent) return 1
      if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSec)
      bucket.tokens -= 1
      bucket.running += 1
      return 0
    },
    leave(category, machineId) {
      const bucket = buckets[category].get(machineId)
      if (bucket && bucket.running > 0) bucket.running -= 1
    },
    forget(machineId) {
      buckets.identity.delete(machineId)
      buckets.other.delete(machineId)
    },
  }
}

/** Admits everything: for machines that are trusted with the server's time, and for measuring. */
export const unlimited: Throttle = { enter: () => 0, leave: () => {}, forget: () => {} }
