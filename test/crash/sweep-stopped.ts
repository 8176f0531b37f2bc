import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemGrant } from '../../src/server/access/grant.ts'
import { localExtents } from '../../src/server/extents/local-files.ts'
import { sweepExtents } from '../../src/server/extents/sweep.ts'
import { openStore } from '../../src/server/store/open.ts'

/**
 * Sweeps the data directory of a stopped server as if the time that extents are left alone had gone by. Orphans are
 * files that no row refers to even then.
 */
export async function sweepStopped(directory: string): Promise<{ removed: number; orphans: string[] }> {
  const store = await openStore({
    directory,
    masterKeyFile: join(directory, 'master.key'),
    clock: { now: Date.now },
    onAuditFailure: error => {
      throw error
    },
  })
  try {
    const folder = join(directory, 'extents')
    const removed = await sweepExtents({ extents: localExtents(folder), store }, 0)
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
    const ids = files.map(({ name }) => name)
    const named = await store.contents.namedAmong(systemGrant('look for orphans'), ids)
    return { removed, orphans: ids.filter(id => !named.has(id)) }
  } finally {
    await store.close()
  }
}
