import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/open.ts'

const expiring = systemGrant('remove what is deleted, expired or was never finished')

const dayMs = 24 * 60 * 60_000
/** As Azure has it. */
const blockLifeMs = 7 * dayMs
/** Rows that go in one transaction: every other writer waits for it. */
const atOnce = 500

/** Removes rows whose time has come; what they referred to is left to the sweep. A signal ends it after a transaction. */
export async function expireContents(
  { store, clock }: { store: Store; clock: Clock },
  signal?: AbortSignal,
): Promise<void> {
  const now = clock.now()
  const whileMore = async (step: () => Promise<boolean>) => {
    while (!signal?.aborted && (await step()));
  }
  await store.write(tx => tx.dataLakeFiles.removeExpired(expiring, now))
  await whileMore(() => store.write(tx => tx.blobs.expireBlocks(expiring, now - blockLifeMs, atOnce)))
  for (const number of await store.blobContainers.deleted(expiring)) {
    await whileMore(() => store.write(tx => tx.blobs.clear(expiring, number, atOnce)))
    if (signal?.aborted) return
    await store.write(tx => tx.blobContainers.forget(expiring, number))
  }
  await whileMore(() => store.write(tx => tx.blobs.purge(expiring, now, atOnce)))
}
