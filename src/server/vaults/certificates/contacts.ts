import type { Change, Grant } from '../../access/grant.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { KeptPlace, VaultPlace } from '../../store/vault-objects.ts'

/** Who is to know when a certificate comes to its end. */
export type Contact = { readonly email?: string; readonly name?: string; readonly phone?: string }

const placeOf = (vault: VaultPlace): KeptPlace => ({ vault, kind: 'settings', name: 'certificate-contacts' })

export async function contactsOf(
  { vaultObjects }: Pick<Reads, 'vaultObjects'>,
  grant: Grant,
  vault: VaultPlace,
): Promise<readonly Contact[]> {
  const kept = await vaultObjects.get(grant, placeOf(vault))
  return (kept?.body.contacts as readonly Contact[] | undefined) ?? []
}

export const putContacts = (
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  vault: VaultPlace,
  contacts: readonly Contact[],
): Promise<void> => tx.vaultObjects.put(grant, placeOf(vault), { body: { contacts } })
