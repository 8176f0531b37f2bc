import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import { lastOwner } from './refusals.ts'

const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
const lookForOwners = systemGrant('see to it that somebody can still manage the directory')

/** Throws 403 when nobody else who is there and not disabled is Owner of everything. */
export async function requireAnotherOwner(tx: Writes, objectId: string): Promise<void> {
  const assignments = await tx.roles.assignments(lookForOwners, { at: ['/'] })
  const owners = assignments.filter(({ roleDefinitionId }) => roleDefinitionId === owner)
  if (!owners.some(({ principalId }) => principalId === objectId)) return
  for (const { principalId } of owners) {
    if (principalId === objectId) continue
    const other = await tx.principals.get(lookForOwners, { objectId: principalId })
    if (other && !other.disabled) return
  }
  throw lastOwner()
}
