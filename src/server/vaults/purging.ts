import { systemGrant } from '../access/grant.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/open.ts'

const purgeEveryMs = 3_600_000
const purgeDue = systemGrant('purge what has been deleted for as long as its vault keeps it')

/**
 * Clears away what nobody can recover any more. It is out of sight from the moment its time has come; this is only about
 * its leaving the disk.
 */
export function keepPurging({ store, log }: { store: Pick<Store, 'write'>; log: Log }): { stop(): void } {
  const purge = () => {
    store
      .write(tx => tx.vaults.purgeDue(purgeDue))
      .catch(error => log.warn({ err: error }, 'what was deleted long ago could not be purged; it is tried again'))
  }
  const timer = setInterval(purge, purgeEveryMs).unref()
  purge()
  return { stop: () => clearInterval(timer) }
}
