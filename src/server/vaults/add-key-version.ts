import type { Change, Grant } from '../access/grant.ts'
import type { Writes } from '../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../store/vault-objects.ts'
import { addVersion, type NewVersion } from './add-version.ts'
import { dueAt } from './expiry.ts'
import { expiryByPolicy } from './rotation-policy.ts'

/** A new version of a key, which expires when its maker says so, or else by the key's rotation policy. */
export async function addKeyVersion(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  version: NewVersion,
  now: number,
): Promise<FoundVersion> {
  const before = await tx.vaultObjects.get(grant, place)
  const expires = version.expires ?? (before && expiryByPolicy(before.body, now))
  const wish = expires === undefined ? version : { ...version, expires }
  const made = await addVersion(tx, grant, place, wish, { now })
  await tx.vaultObjects.setDue(grant, place, dueAt(made))
  return made
}
