import type { Grant } from '../../access/grant.ts'
import type { Store } from '../../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../../store/vault-objects.ts'
import { endText, operationOf } from '../expiry.ts'
import { appendEvent, type ExpiryNotice, eventType } from '../vault-events.ts'
import { contactsOf } from './contacts.ts'
import { type CertificateRecord, recordOf } from './record.ts'
import { scheduleCertificate } from './schedule.ts'

/**
 * The lifetime action EmailContacts, and what Event Grid would be told: each once for a version. Lazuli sends no mail: whom
 * it would have gone to, the row says.
 */
export async function recordNotice(
  store: Pick<Store, 'vaultObjects' | 'write' | 'appendAudit'>,
  grant: Grant<never>,
  place: ObjectPlace,
  { version }: FoundVersion,
  notice: 'EmailContacts' | ExpiryNotice,
  now: number,
): Promise<void> {
  const contacts = await contactsOf(store, grant, place.vault)
  const emails = contacts.flatMap(({ email }) => email ?? [])
  const what = `${version.version} expires ${endText(version.expires)}; contacts: ${emails.join(', ') || 'none'}`
  const event =
    notice === 'EmailContacts'
      ? ({ operation: 'emailContacts', detail: what } as const)
      : { operation: operationOf[notice], detail: `${eventType('certificates', notice)}: ${what}` }
  await appendEvent(store, place, { ...event, outcome: 'Succeeded' }, now)
  await store.write(async tx => {
    const object = await tx.vaultObjects.get(grant, place)
    if (!object) return
    const record = recordOf(object)
    const before = record.carriedOut?.version === version.version ? record.carriedOut.actions : []
    const carriedOut = { version: version.version, actions: [...before, notice] }
    await tx.vaultObjects.put(grant, place, { body: { ...record, carriedOut } satisfies CertificateRecord })
    await scheduleCertificate(tx, grant, place)
  })
}
