import type { DatabaseSync } from 'node:sqlite'

/** Some 300 MB. */
const mostRows = 1_000_000
/** A few milliseconds of work, for which everybody else waits. */
const atOnce = 5_000

/**
 * Requests without a valid token are anybody's, and each leaves a row, as do the questions of agents, which come by the
 * minute. Among the newest rows of the log they are kept, and no longer, or whoever reaches the port could fill the
 * disk. Each call looks at
 * some rows that none has looked at before, and answers whether there are more.
 */
export function auditPruner(db: DatabaseSync, newest = mostRows): () => boolean {
  const ends = db.prepare(
    'SELECT coalesce(min(sequence), 1) - 1 AS first, coalesce(max(sequence), 0) AS last FROM audit',
  )
  const remove = db.prepare(
    `DELETE FROM audit WHERE sequence > ? AND sequence <= ?
      AND (caller IN ('anonymous', 'rejected') OR (plane = 'machine' AND changes = 0))`,
  )
  let examined: number | undefined
  return () => {
    const { first, last } = ends.get() as { first: number; last: number }
    const from = examined ?? first
    const to = Math.min(from + atOnce, last - newest)
    if (to <= from) return false
    remove.run(from, to)
    examined = to
    return to < last - newest
  }
}
