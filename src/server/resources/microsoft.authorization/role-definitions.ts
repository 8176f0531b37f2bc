import { systemGrant } from '../../access/grant.ts'
import { builtInRoles, type RoleDefinition } from '../../access/roles.ts'
import { covers } from '../../access/scope.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { type Clause, clausesOf, invalidFilter } from '../../arm/filter.ts'
import { linkedAuthorization } from '../../arm/linked.ts'
import { atScope, idInScope, scopeOf } from '../../arm/scope.ts'
import { type Operation, operation, type Params } from '../../door/operation.ts'
import type { Writes } from '../../store/open.ts'
import { authorizationVersions } from './api-versions.ts'
import { wishedRole } from './custom-role.ts'
import * as refusals from './errors.ts'
import { roleNamed } from './role-lookup.ts'
import { scopesUpFrom } from './scope.ts'

const type = 'Microsoft.Authorization/roleDefinitions'
const on = (params: Params) => idInScope(scopeOf(params), `${type}/${params.name}`)

/** Roles belong to the directory; within a subscription they are shown as that subscription's. */
function shown(role: RoleDefinition, scope: string, apiVersion: string) {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '/'
  return {
    id: idInScope(subscription, `${type}/${role.name}`),
    type,
    name: role.name,
    properties: {
      roleName: role.roleName,
      type: role.type,
      description: role.description,
      assignableScopes: role.assignableScopes,
      permissions: role.permissions.map(permission => shownPermission(permission, apiVersion)),
      ...role.history,
    },
  }
}

export function shownPermission(permission: RoleDefinition['permissions'][number], apiVersion: string) {
  const { actions, notActions, dataActions, notDataActions, condition, conditionVersion } = permission
  return {
    actions,
    notActions,
    ...(apiVersion < '2018-01-01' ? {} : { dataActions, notDataActions }),
    ...(apiVersion < '2022-05-01' || condition === undefined ? {} : { condition, conditionVersion }),
  }
}

const get = operation({
  name: `${type}/read`,
  route: atScope('GET', 'Microsoft.Authorization/roleDefinitions/:name'),
  access: { verb: 'read', action: `${type}/read`, on: scopeOf, orBelow: true },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const role = await roleNamed(cx.store, cx.params.name ?? '')
    if (!role) throw refusals.roleDoesNotExist(404, cx.params.name ?? '')
    return Response.json(shown(role, scopeOf(cx.params), apiVersion))
  },
})

const list = operation({
  name: `${type}/read`,
  route: atScope('GET', 'Microsoft.Authorization/roleDefinitions'),
  access: { verb: 'read', action: `${type}/read`, on: scopeOf, orBelow: true },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const scope = scopeOf(cx.params)
    scopesUpFrom(scope)
    const clauses = clausesOf(cx.url)
    const roles = [...builtInRoles, ...(await cx.store.roles.customRoles(cx.grant))]
    const passes = (role: RoleDefinition) =>
      isAssignableAround(role, scope, clauses) && clauses.every(clause => meets(role, clause, cx.url))
    return Response.json({ value: roles.filter(passes).map(role => shown(role, scope, apiVersion)) })
  },
})

/** A role is of interest where it can be assigned; below that too, when the filter says so. */
function isAssignableAround({ assignableScopes }: RoleDefinition, scope: string, clauses: readonly Clause[]): boolean {
  const withBelow = clauses.some(clause => 'call' in clause && clause.call === 'atscopeandbelow')
  return assignableScopes.some(outer => covers(outer, scope) || (withBelow && covers(scope, outer)))
}

function meets(role: RoleDefinition, clause: Clause, url: URL): boolean {
  if ('call' in clause) {
    if (clause.call === 'atscopeandbelow' || clause.call === 'atscope') return true
  } else if (clause.operator === 'eq') {
    if (clause.name === 'rolename') return role.roleName.toLowerCase() === clause.value.toLowerCase()
    if (clause.name === 'type') return role.type.toLowerCase() === clause.value.toLowerCase()
  }
  throw invalidFilter(url.searchParams.get('$filter') ?? '')
}

const findRole = systemGrant('find the custom roles that one with a new name could be confused with')

const put = operation({
  name: `${type}/write`,
  route: atScope('PUT', 'Microsoft.Authorization/roleDefinitions/:name'),
  access: { verb: 'write', action: `${type}/write`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const role = await wishedRole(cx)
    const wishes = role.assignableScopes.map(scope => ({ action: `${type}/write`, scope }))
    const saved = await cx.store.write(async tx => {
      const before = await roleNamed(tx, role.name)
      if (before?.type === 'BuiltInRole') throw refusals.builtInRoleIsFixed(before.roleName)
      // Whoever may change a role for one scope must not widen or take it away for another.
      const scopesBefore = (before?.assignableScopes ?? []).map(scope => ({ action: `${type}/write`, scope }))
      await linkedAuthorization(cx, [...wishes, ...scopesBefore])
      await checkRoleName(tx, role, !before)
      const { updatedOn, updatedBy } = role.history
      const created = before?.history ?? role.history
      const saved = { ...role, history: { ...created, updatedOn, updatedBy } }
      await tx.roles.putCustomRole(cx.grant, saved)
      return saved
    })
    return Response.json(shown(saved, scopeOf(cx.params), apiVersion), { status: 201 })
  },
})

async function checkRoleName(tx: Writes, { name, roleName }: RoleDefinition, isNew: boolean): Promise<void> {
  const all = [...builtInRoles, ...(await tx.roles.customRoles(findRole))]
  if (all.some(other => other.name !== name && other.roleName.toLowerCase() === roleName.toLowerCase()))
    throw refusals.sameRoleName(isNew)
}

const findAssignments = systemGrant('see whether a role that is to go is still assigned')

const remove = operation({
  name: `${type}/delete`,
  route: atScope('DELETE', 'Microsoft.Authorization/roleDefinitions/:name'),
  access: { verb: 'delete', action: `${type}/delete`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const removed = await cx.store.write(async tx => {
      const role = await roleNamed(tx, cx.params.name ?? '')
      if (!role) return undefined
      if (role.type === 'BuiltInRole') throw refusals.builtInRoleIsFixed(role.roleName)
      await linkedAuthorization(
        cx,
        role.assignableScopes.map(scope => ({ action: `${type}/delete`, scope })),
      )
      const everywhere = await tx.roles.assignments(findAssignments, { below: '/' })
      if (everywhere.some(({ roleDefinitionId }) => roleDefinitionId === role.name)) throw refusals.roleHasAssignments()
      await tx.roles.removeCustomRole(cx.grant, role.name)
      return role
    })
    if (!removed) return new Response(null, { status: 204 })
    return Response.json(shown(removed, scopeOf(cx.params), apiVersion))
  },
})

export const roleDefinitionOperations: readonly Operation[] = [get, list, put, remove]
