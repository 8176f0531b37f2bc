import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/open.ts'
import type { Extents } from './extents.ts'

const sweeping = systemGrant('remove content that nothing refers to')
const expiring = systemGrant('remove files of Data Lake Store whose time has come')

/**
 * Removes the extents that no row refers to. An extent is written before the row that names it is, so young ones are
 * left alone; and one that no row names can never be named again, because references are only ever copied from rows.
 */
export async function sweepExtents(parts: { extents: Extents; store: Store }, graceMs: number): Promise<number> {
  let removed = 0
  for await (const idle of parts.extents.idleFor(graceMs)) {
    const named = await parts.store.contents.namedAmong(sweeping, idle)
    for (const id of idle.filter(one => !named.has(one))) {
      await parts.extents.remove(id)
      removed++
    }
  }
  return removed
}

/** Longer than any write takes from its last byte to its commit. */
const graceMs = 60 * 60_000
const everyMs = 10 * 60_000

/** Sweeps from now on until it is told to stop. */
export function keepSwept(parts: { extents: Extents; store: Store; clock: Clock; log: Log }): {
  stop(): Promise<void>
} {
  let sweep = Promise.resolve()
  const begin = () => {
    const expired = parts.store.write(tx => tx.dataLakeFiles.removeExpired(expiring, parts.clock.now()))
    sweep = expired
      .then(() => sweepExtents(parts, graceMs))
      .then(
        removed => parts.log.debug({ removed }, 'swept content that nothing refers to'),
        error => parts.log.error({ err: error }, 'content that nothing refers to could not be removed'),
      )
  }
  const timer = setInterval(begin, everyMs).unref()
  begin()
  return {
    async stop() {
      clearInterval(timer)
      await sweep
    },
  }
}
