import { randomUUID } from 'node:crypto'
import type { Store } from '../store/open.ts'
import type { ObjectKind, ObjectPlace } from '../store/vault-objects.ts'

/**
 * What a vault does by itself stands in the audit log, and so in the activity log of its resource, as an action on the
 * object.
 */
export type VaultEvent = {
  readonly operation: 'emailContacts' | 'nearExpiry' | 'expired' | 'renew'
  readonly outcome: 'Succeeded' | 'Failed'
  readonly detail: string
}

/** What Event Grid would be told of every object's end, whatever its policy says. */
export type ExpiryNotice = 'NearExpiry' | 'Expired'

const nouns: Readonly<Record<ObjectKind, string>> = { certificates: 'Certificate', keys: 'Key', secrets: 'Secret' }

/** Event Grid's name of it. */
export const eventType = (kind: ObjectKind, notice: ExpiryNotice): string =>
  `Microsoft.KeyVault.${nouns[kind]}${notice}`

const longestDetail = 1024

export async function appendEvent(
  store: Pick<Store, 'appendAudit'>,
  { vault, kind, name }: ObjectPlace,
  { operation, outcome, detail }: VaultEvent,
  now: number,
): Promise<void> {
  const id = randomUUID()
  await store.appendAudit({
    at: now,
    request_id: id,
    correlation_id: id,
    plane: 'key-vault',
    operation: `Microsoft.KeyVault/vaults/${kind}/${operation}/action`,
    scope_key: `${vault.id.text}/${kind}/${name}`.toLowerCase(),
    caller: 'system',
    caller_name: '',
    source_address: '',
    outcome,
    status: outcome === 'Succeeded' ? 200 : 500,
    changes: 1,
    detail: detail.slice(0, longestDetail),
  })
}
