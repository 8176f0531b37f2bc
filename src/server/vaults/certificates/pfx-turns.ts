import type { ReadPfx } from '../../../certificate-bundle/bundle.ts'
import { openPfxReader, TookTooLong } from '../../../certificate-bundle/pfx/reader.ts'
import { inTurns, QueueFull, type Turns } from '../../queues.ts'
import { throttled } from '../refusals.ts'

export type PfxTurns = {
  /** Rejects with BundleFailure, or with 429 when too many files of this vault wait, or of all vaults together. */
  of(vault: { readonly name: string }): ReadPfx
  close(): Promise<void>
}

/** An ordinary file takes a tenth of it, and the start of the thread the most. */
const quickMs = 2_000
const most = { perKey: 50, inAll: 500 }
const retryAfterSec = 10

/**
 * Opens PKCS #12 files for vaults, which take turns. How long one takes is its maker's choice, so whatever is not open
 * soon gives way and is opened again in a thread for such files: others wait for their likes there.
 */
export function openPfxTurns({ quickLimitMs = quickMs, open = openPfxReader, limits = most } = {}): PfxTurns {
  const quick = { reader: open({ limitMs: quickLimitMs }), turns: inTurns(limits) }
  const slow = { reader: open(), turns: inTurns(limits) }
  return {
    of({ name }) {
      const key = name.toLowerCase()
      const waited = <T>(turns: Turns, task: () => Promise<T>) => turns.run(key, task).catch(refuseWhenFull)
      return (pfx, password) =>
        waited(quick.turns, () => quick.reader.read(pfx, password)).catch((error: unknown) => {
          if (error instanceof TookTooLong) return waited(slow.turns, () => slow.reader.read(pfx, password))
          throw error
        })
    },
    async close() {
      for (const { turns } of [quick, slow]) turns.close()
      await Promise.all([quick, slow].map(({ reader }) => reader.close()))
    },
  }
}

function refuseWhenFull(error: unknown): never {
  throw error instanceof QueueFull ? throttled(retryAfterSec) : error
}
