import { systemGrant } from '../../access/grant.ts'
import { builtInRole, type RoleDefinition } from '../../access/roles.ts'
import type { Reads } from '../../store/open.ts'

const lookUpRole = systemGrant('look up the role that a request names')

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const isGuid = (text: string) => guid.test(text)

/** A built-in or a custom role, by its GUID in any case. */
export async function roleNamed(reads: Pick<Reads, 'roles'>, name: string): Promise<RoleDefinition | undefined> {
  return builtInRole(name) ?? (await reads.roles.customRole(lookUpRole, name))
}

/** The GUID at the end of a role definition's id, whatever the scope before it; undefined when it is no such id. */
export function roleNameOf(roleDefinitionId: string): string | undefined {
  const name = /(?:^|\/)providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)\/?$/i.exec(
    roleDefinitionId.trim(),
  )?.[1]
  return name !== undefined && isGuid(name) ? name.toLowerCase() : undefined
}
