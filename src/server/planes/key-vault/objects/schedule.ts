import type { Change, Grant } from '../../../access/grant.ts'
import type { Writes } from '../../../store/open.ts'
import type { ObjectPlace } from '../../../store/vault-objects.ts'
import type { Kind } from './kind.ts'

/**
 * Notes when something of an object has to happen by itself. To be called in the same transaction after whatever can
 * change that: a new version, other dates, another policy.
 */
export async function scheduleNext(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  { dueAt }: Pick<Kind, 'dueAt'>,
  place: ObjectPlace,
): Promise<void> {
  if (!dueAt) return
  const found = await tx.vaultObjects.version(grant, place)
  await tx.vaultObjects.setDue(grant, place, found && dueAt(found))
}
