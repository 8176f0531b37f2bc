import type { Clock } from '../clock.ts'
import type { Validity } from './profile.ts'

const hourMs = 60 * 60 * 1000
const leafLifeMs = 90 * 24 * hourMs
const renewAfterMs = (leafLifeMs * 2) / 3

/** 90 days. It begins an hour ago, so that machines whose clock is a little slow accept the certificate, too. */
export function leafValidity(nowMs: number): Validity {
  return { notBeforeMs: nowMs - hourMs, notAfterMs: nowMs + leafLifeMs }
}

/**
 * Remembers what `make` made for a key until two thirds of a leaf's life are over, at most `limit` of them, least
 * recently used first out. Callers that come while it is being made share the work; a failure is not remembered.
 */
export function renewing<T>({ clock, limit }: { clock: Clock; limit: number }) {
  const entries = new Map<string, { readonly value: Promise<T>; readonly madeAtMs: number }>()
  return (key: string, make: (key: string) => Promise<T>): Promise<T> => {
    const known = entries.get(key)
    const nowMs = clock.now()
    // A clock that was set back makes a leaf not yet valid, so an age below zero counts as too old.
    const isFresh = known && nowMs >= known.madeAtMs && nowMs < known.madeAtMs + renewAfterMs
    const entry = isFresh ? known : { value: make(key), madeAtMs: nowMs }
    entries.delete(key)
    entries.set(key, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= limit) break
      entries.delete(oldest)
    }
    entry.value.catch(() => entries.get(key) === entry && entries.delete(key))
    return entry.value
  }
}
