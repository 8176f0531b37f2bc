import { randomUUID } from 'node:crypto'
import type { Grant } from '../../access/grant.ts'
import type { Store } from '../../store/open.ts'
import type { FoundVersion, ObjectPlace } from '../../store/vault-objects.ts'
import { contactsOf } from './contacts.ts'
import { type CertificateRecord, recordOf } from './record.ts'
import { scheduleCertificate } from './schedule.ts'

/**
 * What a vault does by itself stands in the audit log, and so in the activity log of its resource. Lazuli sends no mail:
 * whom it would have gone to, the row says.
 */
export type VaultEvent = {
  readonly operation: 'emailContacts' | 'nearExpiry' | 'expired' | 'renew'
  readonly outcome: 'Succeeded' | 'Failed'
  readonly detail: string
}

const longestDetail = 1024

export async function appendEvent(
  store: Pick<Store, 'appendAudit'>,
  { vault, name }: ObjectPlace,
  { operation, outcome, detail }: VaultEvent,
  now: number,
): Promise<void> {
  const id = randomUUID()
  await store.appendAudit({
    at: now,
    request_id: id,
    correlation_id: id,
    plane: 'key-vault',
    operation: `Microsoft.KeyVault/vaults/certificates/${operation}/action`,
    scope_key: `${vault.id.text}/certificates/${name}`.toLowerCase(),
    caller: 'system',
    caller_name: '',
    source_address: '',
    outcome,
    status: outcome === 'Succeeded' ? 200 : 500,
    changes: 1,
    detail: detail.slice(0, longestDetail),
  })
}

const operations = { EmailContacts: 'emailContacts', NearExpiry: 'nearExpiry', Expired: 'expired' } as const

/** The lifetime action EmailContacts, and what Event Grid would be told: each once for a version. */
export async function recordNotice(
  store: Pick<Store, 'vaultObjects' | 'write' | 'appendAudit'>,
  grant: Grant<never>,
  place: ObjectPlace,
  { version }: FoundVersion,
  notice: keyof typeof operations,
  now: number,
): Promise<void> {
  const contacts = await contactsOf(store, grant, place.vault)
  const expires = version.expires === undefined ? 'never' : new Date(version.expires * 1000).toISOString()
  const emails = contacts.flatMap(({ email }) => email ?? [])
  const detail = `${version.version} expires ${expires}; contacts: ${emails.join(', ') || 'none'}`
  await appendEvent(store, place, { operation: operations[notice], outcome: 'Succeeded', detail }, now)
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
