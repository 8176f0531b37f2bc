import type { StoredBlob } from '../../store/blobs.ts'
import * as refusals from './refusals.ts'

/**
 * A blob comes back from the archive after a while, and is still in it meanwhile. The service takes hours; nothing has
 * to be fetched from anywhere here, so that it is as short as clients that wait for it can notice. What is stored is a
 * time, so that nothing has to happen when it comes.
 */
const waitMs = { Standard: 60_000, High: 10_000 } as const

/** As it is at a time: one whose time has come is in its new tier. */
export function settled<Blob extends StoredBlob>(blob: Blob, now: number): Blob {
  if (!blob.rehydration || blob.rehydration.doneAt > now) return blob
  const { rehydration, ...rest } = blob
  return { ...rest, tier: rehydration.tier, tierChangedAt: rehydration.doneAt } as unknown as Blob
}

/** `x-ms-rehydrate-priority`. Throws 400. */
export function priorityFrom(headers: Headers): 'Standard' | 'High' | undefined {
  const name = 'x-ms-rehydrate-priority'
  const given = headers.get(name)
  if (given === null) return undefined
  const known = (['Standard', 'High'] as const).find(one => one.toLowerCase() === given.toLowerCase())
  if (!known) throw refusals.invalidHeader(name, given)
  return known
}

/** What a blob in the archive is while it is brought to another tier. */
export const onItsWay = (tier: string, priority: 'Standard' | 'High' = 'Standard', now: number) => ({
  tier: 'Archive',
  rehydration: { tier, priority, doneAt: now + waitMs[priority] },
})

export const refuseArchived = ({ tier }: Pick<StoredBlob, 'tier'>): void => {
  if (tier === 'Archive') throw refusals.blobArchived()
}

/** As headers and lists show it. */
export const archiveStatus = ({ rehydration }: Pick<StoredBlob, 'rehydration'>) =>
  rehydration && {
    status: `rehydrate-pending-to-${rehydration.tier.toLowerCase()}`,
    priority: rehydration.priority,
  }
