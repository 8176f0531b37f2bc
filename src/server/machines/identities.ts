import { systemGrant } from '../access/grant.ts'
import type { Parts } from '../parts.ts'
import type { ResourceIdentity } from '../store/resources.ts'

const showIdentities = systemGrant("see whether a machine's identities are still there")

/** The user-assigned identities of a machine by id; those that have been deleted since have no principal any more. */
export async function userAssignedNow(
  { store }: Pick<Parts, 'store'>,
  identity: ResourceIdentity | undefined,
): Promise<[id: string, principal: { principalId?: string; clientId?: string }][]> {
  const entries = Object.entries(identity?.userAssignedIdentities ?? {})
  return Promise.all(
    entries.map(async ([id, { principalId = '', clientId = '' }]) => {
      const principal = await store.principals.get(showIdentities, { objectId: principalId })
      return [id, principal ? { principalId, clientId } : {}]
    }),
  )
}
