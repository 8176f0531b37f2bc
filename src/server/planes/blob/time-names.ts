import { longTime } from './answer.ts'

/**
 * Snapshots are named by their times, so no two of a blob may have the same, and later ones sort behind: now, or the
 * next tick behind the latest of them, of which a millisecond has ten thousand.
 */
export function timeBehind(latest: string | undefined, now: number): string {
  const time = longTime(now)
  if (latest === undefined || time > latest) return time
  const ms = Date.parse(`${latest.slice(0, 23)}Z`)
  const tick = Number(latest.slice(23, 27)) + 1
  return tick < 10_000 ? `${latest.slice(0, 23)}${String(tick).padStart(4, '0')}Z` : longTime(ms + 1)
}
