import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/open.ts'
import { expireContents } from './expire.ts'
import type { Extents } from './extents.ts'

const sweeping = systemGrant('remove content that nothing refers to')

/** Since when nothing has referred to an extent, as far as earlier sweeps have seen. */
export type Unreferenced = Map<string, number>

/**
 * Removes the extents that no row has referred to for a while. They are left alone at first, because an extent is
 * written before the row that names it, and somebody may still be reading one that no row names any more. It can never
 * be named again: references are only ever copied from rows. A signal ends it before the next one.
 */
export async function sweepExtents(
  parts: { extents: Extents; store: Store },
  graceMs: number,
  unreferenced: Unreferenced = new Map(),
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0
  for await (const idle of parts.extents.idleFor(graceMs)) {
    const named = await parts.store.contents.namedAmong(sweeping, idle)
    for (const id of idle) {
      if (signal?.aborted) return removed
      if (named.has(id)) {
        unreferenced.delete(id)
        continue
      }
      const since = unreferenced.get(id) ?? Date.now()
      unreferenced.set(id, since)
      if (Date.now() - since < graceMs) continue
      unreferenced.delete(id)
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
  const unreferenced: Unreferenced = new Map()
  const stopping = new AbortController()
  let sweep = Promise.resolve()
  const begin = () => {
    sweep = expireContents(parts)
      .then(() => sweepExtents(parts, graceMs, unreferenced, stopping.signal))
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
      stopping.abort()
      await sweep
    },
  }
}
