import { randomUUID } from 'node:crypto'
import type { ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Change, Removal } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import { userAssignedNow } from '../../machines/identities.ts'
import type { Parts } from '../../parts.ts'
import type { Writes } from '../../store/open.ts'
import type { Resource, ResourceIdentity } from '../../store/resources.ts'
import { identityType, keyOf, readIdentity } from './identity-wish.ts'

/**
 * The identities of a machine. A system-assigned one is a principal that is made and removed with the machine's wish
 * for it, in the same transaction. Of a user-assigned one, the machine keeps the principal that it was given: another
 * identity that later takes the same name is another principal, and not the machine's.
 */

const findIdentity = systemGrant('find the user-assigned identity that a machine is to have')

/** What is stored of the identities that a body wishes for. Without a wish nothing changes. */
export async function assignIdentities(
  { cx, tx, id, existing }: Pick<Change<unknown>, 'cx' | 'tx' | 'id' | 'existing'>,
  wish: ResourceIdentity | undefined,
): Promise<ResourceIdentity | undefined> {
  const before = existing?.body.identity
  if (!wish) return before
  const wanted = readIdentity(wish)
  const type = identityType(wanted)

  const held = new Map(Object.entries(before?.userAssignedIdentities ?? {}).map(entry => [keyOf(entry[0]), entry]))
  const userAssigned: [string, { principalId?: string; clientId?: string }][] = []
  for (const named of wanted.userAssigned) userAssigned.push(held.get(keyOf(named)) ?? (await find(tx, id, named)))

  const current = await tx.principals.get(cx.grant, { resourceId: id.text })
  if (current && !wanted.systemAssigned) await tx.principals.remove(cx.grant, current.objectId)
  const principal = wanted.systemAssigned
    ? (current ??
      (await tx.principals.put(cx.grant, {
        objectId: randomUUID(),
        clientId: randomUUID(),
        kind: 'managedIdentity',
        displayName: id.name,
        resourceId: id.text,
      })))
    : undefined

  if (type === undefined) return undefined
  return {
    type,
    ...(principal ? { principalId: principal.objectId, tenantId: cx.directory.tenantId } : {}),
    ...(userAssigned.length > 0 ? { userAssignedIdentities: Object.fromEntries(userAssigned) } : {}),
  }
}

/** From now on the system-assigned identity of a machine gets no token, and those it has open nothing. */
export async function removeSystemIdentity({ cx, tx, id }: Removal): Promise<void> {
  const principal = await tx.principals.get(cx.grant, { resourceId: id.text })
  if (principal) await tx.principals.remove(cx.grant, principal.objectId)
}

/** As a machine shows it. Versions before 2018-06-01 have a list of ids in place of the dictionary. */
export async function renderIdentity(
  parts: Pick<Parts, 'store'>,
  { body: { identity } }: Resource,
  apiVersion: string,
): Promise<Record<string, unknown> | undefined> {
  if (!identity) return undefined
  const { userAssignedIdentities, ...rest } = identity
  if (!userAssignedIdentities) return rest
  if (apiVersion < '2018-06-01') return { ...rest, identityIds: Object.keys(userAssignedIdentities) }
  return { ...rest, userAssignedIdentities: Object.fromEntries(await userAssignedNow(parts, identity)) }
}

async function find(tx: Writes, machine: ResourceId, named: string) {
  const principal = await tx.principals.get(findIdentity, { resourceId: keyOf(named) })
  if (!principal?.clientId) throw failedIdentityOperation(machine, named)
  return [named, { principalId: principal.objectId, clientId: principal.clientId }] satisfies [string, object]
}

const failedIdentityOperation = (machine: ResourceId, named: string) =>
  new AzureError(
    400,
    'FailedIdentityOperation',
    `Identity operation for resource '${machine.text}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${named}' was not found."}}'.'.`,
  )
