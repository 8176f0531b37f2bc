import type { Change, Grant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../../store/vault-objects.ts'
import { nextDue } from './lifetime.ts'
import { recordOf } from './record.ts'

/** When something is to be done about a certificate by itself, in milliseconds. */
export const certificateDueAt = ({ object, version }: FoundVersion): number | undefined =>
  nextDue(recordOf(object), version)?.at

/** To be called in the transaction that has changed a certificate, after the change. */
export async function scheduleCertificate(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
): Promise<void> {
  const found = await tx.vaultObjects.version(grant, place)
  await tx.vaultObjects.setDue(grant, place, found && certificateDueAt(found))
}
