import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/open.ts'
import { expireContents } from './expire.ts'
import type { Extents } from './extents.ts'

const sweeping = systemGrant('remove content that nothing refers to')

/**
 * Removes the extents that no row has referred to for a while. They are left alone at first, because an extent is
 * written before the row that names it, and somebody may still be reading one that no row names any more. It can never
 * be named again: references are only ever copied from rows. Since when that has been so is kept, because what a process
 * left that died may be found by ones that do not live for as long as the grace. A signal ends it, with
 * what the store of extents throws then or nothing.
 */
export async function sweepExtents(
  parts: { extents: Extents; store: Store },
  graceMs: number,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0
  for await (const idle of parts.extents.idleFor(graceMs, signal)) {
    const named = await parts.store.contents.namedAmong(sweeping, idle)
    const unnamed = idle.filter(id => !named.has(id))
    if (unnamed.length === 0) continue
    const known = await parts.store.write(tx => tx.contents.noteUnreferenced(sweeping, unnamed, Date.now()))
    const over = unnamed.filter(id => Date.now() - (known.get(id) ?? Date.now()) >= graceMs)
    const gone: string[] = []
    try {
      for (const id of over) {
        if (signal?.aborted) return removed
        // Also when that fails: one that is still there then is found again, and left alone for as long again.
        gone.push(id)
        await parts.extents.remove(id, signal)
        removed++
      }
    } finally {
      if (gone.length > 0) await parts.store.write(tx => tx.contents.forgetUnreferenced(sweeping, gone))
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
  const stopping = new AbortController()
  let sweep = Promise.resolve()
  const begin = () => {
    sweep = expireContents(parts, stopping.signal)
      .then(() => sweepExtents(parts, graceMs, stopping.signal))
      .then(
        removed => parts.log.debug({ removed }, 'swept content that nothing refers to'),
        error => {
          // What was cut off goes on at the next start.
          if (stopping.signal.aborted) return
          parts.log.error({ err: error }, 'content that nothing refers to could not be removed')
        },
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
