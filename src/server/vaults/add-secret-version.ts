import type { Change, Grant } from '../access/grant.ts'
import type { Writes } from '../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../store/vault-objects.ts'
import { addVersion, type NewVersion } from './add-version.ts'
import { dueAt } from './expiry.ts'

/** A new version of a secret, whose end there will be notice of. */
export async function addSecretVersion(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  version: NewVersion,
  now: number,
): Promise<FoundVersion> {
  const made = await addVersion(tx, grant, place, version, { now })
  const { expires, previousVersion } = made.version
  // Most secrets have no end, and of the first version nothing has been noted before.
  if (expires !== undefined || previousVersion !== undefined) await tx.vaultObjects.setDue(grant, place, dueAt(made))
  return made
}
