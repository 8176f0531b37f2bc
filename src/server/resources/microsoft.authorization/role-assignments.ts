import { systemGrant } from '../../access/grant.ts'
import { scopeKey } from '../../access/scope.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { type Clause, clausesOf, invalidFilter } from '../../arm/filter.ts'
import { page, pageOf } from '../../arm/paging.ts'
import { atScope, idInScope, scopeOf } from '../../arm/scope.ts'
import { type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import type { Reads, Writes } from '../../store/open.ts'
import { assignmentId, type RoleAssignment } from '../../store/role-assignments.ts'
import { authorizationVersions } from './api-versions.ts'
import { assignmentAttributes } from './assignment-attributes.ts'
import { plannedAssignment } from './assignment-plan.ts'
import { assignmentExists, assignmentNotFound, lastAdministrator } from './errors.ts'
import { roleNamed } from './role-lookup.ts'
import { scopesUpFrom } from './scope.ts'

const type = 'Microsoft.Authorization/roleAssignments'
const on = (params: Params) => idInScope(scopeOf(params), `${type}/${params.name}`)

const findByName = systemGrant('find the role assignment that a request names')

/** Names are unique in the directory, but an assignment is only there at its own scope. */
async function assignmentAt(reads: Pick<Reads, 'roles'>, params: Params): Promise<RoleAssignment | undefined> {
  const found = await reads.roles.assignment(findByName, params.name ?? '')
  return found && scopeKey(found.scope) === scopeKey(scopeOf(params)) ? found : undefined
}

/** Within a subscription a role has the id that it is listed under there, also when it was assigned above. */
function shown(assignment: RoleAssignment, askedAt: string, apiVersion: string) {
  const { scope, principalId, principalType, roleDefinitionId, name } = assignment
  const subscription = subscriptionOf(scope) ?? subscriptionOf(askedAt) ?? '/'
  return {
    id: assignmentId(assignment),
    type,
    name,
    properties: {
      roleDefinitionId: idInScope(subscription, `Microsoft.Authorization/roleDefinitions/${roleDefinitionId}`),
      principalId,
      ...(apiVersion < '2018-09-01' ? {} : { principalType }),
      scope,
      ...(apiVersion < '2020-03-01'
        ? {}
        : {
            condition: assignment.condition ?? null,
            conditionVersion: assignment.conditionVersion ?? null,
            delegatedManagedIdentityResourceId: null,
            description: assignment.description ?? null,
          }),
      createdOn: assignment.createdOn,
      updatedOn: assignment.updatedOn,
      createdBy: assignment.createdBy,
      updatedBy: assignment.updatedBy,
    },
  }
}

const subscriptionOf = (scope: string) => /^\/subscriptions\/[^/]+/i.exec(scope)?.[0]

const put = operation({
  name: `${type}/write`,
  route: atScope('PUT', 'Microsoft.Authorization/roleAssignments/:name'),
  access: { verb: 'write', action: `${type}/write`, on, attributes: assignmentAttributes },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const plan = await plannedAssignment(cx)
    const { assignment, created } = await cx.store.write(async tx => {
      const before = await tx.roles.assignment(findByName, cx.params.name ?? '')
      const assignment = await tx.roles.putAssignment(cx.grant, await plan(tx, before))
      if (!assignment) throw assignmentExists()
      return { assignment, created: !before }
    })
    // Clients of older versions know no other answer than 201.
    return Response.json(shown(assignment, scopeOf(cx.params), apiVersion), {
      status: created || apiVersion < '2020-04-01' ? 201 : 200,
    })
  },
})

const get = operation({
  name: `${type}/read`,
  route: atScope('GET', 'Microsoft.Authorization/roleAssignments/:name'),
  access: { verb: 'read', action: `${type}/read`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const found = await assignmentAt(cx.store, cx.params)
    if (!found) throw assignmentNotFound(cx.params.name ?? '')
    return Response.json(shown(found, scopeOf(cx.params), apiVersion))
  },
})

const remove = operation({
  name: `${type}/delete`,
  route: atScope('DELETE', 'Microsoft.Authorization/roleAssignments/:name'),
  access: { verb: 'delete', action: `${type}/delete`, on, attributes: assignmentAttributes },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const removed = await cx.store.write(async tx => {
      const found = await assignmentAt(tx, cx.params)
      if (!found) return undefined
      if (await isLastAdministrator(tx, found)) throw lastAdministrator()
      await tx.roles.removeAssignment(cx.grant, found)
      return found
    })
    if (!removed) return new Response(null, { status: 204 })
    return Response.json(shown(removed, scopeOf(cx.params), apiVersion))
  },
})

const seeAdministrators = systemGrant('see whether anybody is left who may assign roles everywhere')

/** Without anybody who may assign roles at `/`, nobody could ever become that again. */
async function isLastAdministrator(tx: Writes, assignment: RoleAssignment): Promise<boolean> {
  if (!(await administers(tx, assignment))) return false
  const others = await tx.roles.assignments(seeAdministrators, { at: ['/'] })
  for (const other of others) {
    if (other.name !== assignment.name && (await administers(tx, other)) && (await isSomebody(tx, other))) return false
  }
  return true
}

const administratorRoles = ['Owner', 'User Access Administrator', 'Role Based Access Control Administrator']

async function administers(reads: Pick<Reads, 'roles'>, { scope, condition, roleDefinitionId }: RoleAssignment) {
  if (scope !== '/' || condition !== undefined) return false
  const role = await roleNamed(reads, roleDefinitionId)
  return role !== undefined && administratorRoles.includes(role.roleName)
}

// Assignments outlive their principals.
const isSomebody = (tx: Writes, { principalId }: RoleAssignment) =>
  tx.principals.get(seeAdministrators, { objectId: principalId })

const list = operation({
  name: `${type}/read`,
  route: atScope('GET', 'Microsoft.Authorization/roleAssignments'),
  access: { verb: 'read', action: `${type}/read`, on: scopeOf },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, authorizationVersions)
    const { principals, withBelow } = wanted(cx.url)
    const { limit, after = '' } = pageOf(cx.url)
    const scope = scopeOf(cx.params)
    const found = (await aroundScope(cx, scope, withBelow))
      .filter(({ principalId, name }) => name > after && principals.every(one => one === principalId))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    return Response.json(
      page(
        cx.url,
        limit,
        found,
        ({ name }) => name,
        rows => rows.map(row => shown(row, scope, apiVersion)),
      ),
    )
  },
})

/** All filters show what is inherited from above; `atScope()` leaves out what is assigned below. */
function wanted(url: URL): { principals: string[]; withBelow: boolean } {
  const clauses = clausesOf(url)
  const principals = clauses.flatMap(principalOf)
  const others = clauses.filter(clause => principalOf(clause).length === 0)
  if (others.some(clause => !('call' in clause && clause.call === 'atscope'))) {
    throw invalidFilter(url.searchParams.get('$filter') ?? '')
  }
  return { principals, withBelow: others.length === 0 }
}

function principalOf(clause: Clause): string[] {
  if ('call' in clause) return clause.call === 'assignedto' ? clause.values.map(value => value.toLowerCase()) : []
  return clause.name === 'principalid' && clause.operator === 'eq' ? [clause.value.toLowerCase()] : []
}

const seeInherited = systemGrant('show the role assignments that a scope inherits')

async function aroundScope(cx: Context, scope: string, withBelow: boolean): Promise<RoleAssignment[]> {
  const [, ...above] = scopesUpFrom(scope)
  const inherited = above.length === 0 ? [] : await cx.store.roles.assignments(seeInherited, { at: above })
  const own = await cx.store.roles.assignments(cx.grant, withBelow ? { below: scope } : { at: [scope] })
  return [...inherited, ...own]
}

export const roleAssignmentOperations: readonly Operation[] = [put, get, remove, list]
