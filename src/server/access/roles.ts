// The roles that exist in every tenant. GUIDs, rights and conditions are those that Microsoft publishes, because
// clients name built-in roles by GUID and templates rely on what they grant; the descriptions are our own.
import { computeRoles } from './roles/compute.ts'
import type { RoleDefinition } from './roles/definition.ts'
import { generalRoles } from './roles/general.ts'
import { identityRoles } from './roles/identity.ts'
import { keyVaultRoles } from './roles/key-vault.ts'
import { storageRoles } from './roles/storage.ts'

export type { Permission, RoleDefinition } from './roles/definition.ts'

export const builtInRoles: readonly RoleDefinition[] = [
  ...generalRoles,
  ...identityRoles,
  ...computeRoles,
  ...storageRoles,
  ...keyVaultRoles,
]

const byName: ReadonlyMap<string, RoleDefinition> = new Map(builtInRoles.map(role => [role.name, role]))

/** The built-in role with that GUID, in whatever case it is written. */
export const builtInRole = (guid: string): RoleDefinition | undefined => byName.get(guid.toLowerCase())
