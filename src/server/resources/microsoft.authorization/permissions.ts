import { systemGrant } from '../../access/grant.ts'
import type { RoleDefinition } from '../../access/roles.ts'
import { covers } from '../../access/scope.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { atScope, scopeOf } from '../../arm/scope.ts'
import { type Operation, operation } from '../../door/operation.ts'
import { authorizationVersions } from './api-versions.ts'
import { shownPermission } from './role-definitions.ts'
import { roleNamed } from './role-lookup.ts'
import { scopesUpFrom } from './scope.ts'

const seeOwnRoles = systemGrant('tell a caller what its own roles allow')

export const permissionOperations: readonly Operation[] = [
  operation({
    name: 'Microsoft.Authorization/permissions/read',
    route: atScope('GET', 'Microsoft.Authorization/permissions'),
    access: { signedIn: 'it tells the caller what its own roles allow' },
    async run(cx) {
      const apiVersion = apiVersionOf(cx.url, authorizationVersions)
      const scope = scopeOf(cx.params)
      scopesUpFrom(scope)
      if (cx.caller.kind !== 'principal') return Response.json({ value: [] })
      const held = await cx.store.roles.assignmentsOf(seeOwnRoles, cx.caller.principal.objectId)
      const permissions: RoleDefinition['permissions'][number][] = []
      for (const assignment of held) {
        if (!covers(assignment.scope, scope)) continue
        permissions.push(...((await roleNamed(cx.store, assignment.roleDefinitionId))?.permissions ?? []))
      }
      return Response.json({ value: permissions.map(permission => shownPermission(permission, apiVersion)) })
    },
  }),
  operation({
    name: 'Microsoft.Authorization/denyAssignments/read',
    route: atScope('GET', 'Microsoft.Authorization/denyAssignments'),
    access: { verb: 'read', action: 'Microsoft.Authorization/denyAssignments/read', on: scopeOf },
    run(cx) {
      apiVersionOf(cx.url, authorizationVersions)
      // In Azure, too, no caller can make one: they come with managed applications and deployment stacks.
      return Response.json({ value: [] })
    },
  }),
]
