import type { Change } from '../../../access/grant.ts'
import type { Writes } from '../../../store/open.ts'
import type { FoundVersion } from '../../../store/vault-objects.ts'
import { addVersion, type NewVersion } from '../../../vaults/add-version.ts'
import { placeOf } from '../objects/kind.ts'
import { scheduleNext } from '../objects/schedule.ts'
import type { VaultContext } from '../vault-operation.ts'
import { keyKind } from './key.ts'
import { expiryByPolicy } from './rotation-policy.ts'

/** A new version of a key, which expires when its maker says so, or else by the key's rotation policy. */
export async function addKeyVersion(
  tx: Writes,
  cx: Pick<VaultContext<Change>, 'grant' | 'vault' | 'name' | 'now'>,
  version: NewVersion,
): Promise<FoundVersion> {
  const place = placeOf(cx, 'keys')
  const before = await tx.vaultObjects.get(cx.grant, place)
  const expires = version.expires ?? (before && expiryByPolicy(before.body, cx.now))
  const wish = expires === undefined ? version : { ...version, expires }
  const made = await addVersion(tx, cx.grant, place, wish, { now: cx.now })
  await scheduleNext(tx, cx.grant, keyKind, place)
  return made
}
