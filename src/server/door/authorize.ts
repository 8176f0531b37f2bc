import type { Attributes } from '../access/condition.ts'
import { decide } from '../access/decide.ts'
import { type Grant, issueGrant, systemGrant, type Verb } from '../access/grant.ts'
import { builtInRole, type RoleDefinition } from '../access/roles.ts'
import { covers } from '../access/scope.ts'
import { AzureError } from '../errors.ts'
import type { Parts } from '../parts.ts'
import type { RoleAssignment } from '../store/role-assignments.ts'
import type { Call, Caller, Operation, Wish } from './operation.ts'
import type { Plane } from './plane.ts'

const lookUpRoles = systemGrant('find the roles of a caller')

/** The one place where grants come from. Throws the plane's 401 or 403. */
export async function authorizeOperation(
  parts: Parts,
  plane: Plane,
  operation: Operation,
  call: Call,
  caller: Caller,
): Promise<Grant> {
  const { access } = operation
  // An open or signed-in operation holds a grant that reaches nothing but what is the directory's own.
  if ('open' in access) return issueGrant({ verb: 'read', action: operation.name, scope: '/' })
  if (caller.kind === 'rejected') throw caller.error
  if ('ownMachine' in access) {
    if (caller.kind === 'anonymous') throw plane.unauthenticated(call, 'missing')
    if (caller.kind !== 'machine') throw plane.unauthenticated(call, 'invalid')
    return issueGrant({ verb: 'write', action: operation.name, scope: caller.resourceId })
  }
  if ('signedIn' in access) {
    if (caller.kind === 'anonymous') throw plane.unauthenticated(call, 'missing')
    return issueGrant({ verb: 'read', action: operation.name, scope: '/', onlyBelow: [] })
  }

  const action = typeof access.action === 'string' ? access.action : access.action(call.params)
  return authorize(parts, plane, call, caller, {
    verb: access.verb,
    action,
    scope: access.on(call.params),
    dataAction: access.dataAction === true,
    orBelow: access.orBelow === true,
    ...(access.permission === undefined ? {} : { permission: access.permission }),
    ...(access.orElse === undefined ? {} : { orElse: access.orElse }),
    ...(access.attributes ? { attributes: await access.attributes({ ...parts, ...call }) } : {}),
  })
}

/** By the weaker permission where only that is there. A refusal speaks of the one that was wanted. */
export async function authorize<V extends Verb>(
  parts: Parts,
  plane: Plane,
  call: Call,
  caller: Caller,
  wish: Wish<V>,
): Promise<Grant<V>> {
  try {
    return await authorizeOne(parts, plane, call, caller, wish)
  } catch (refusal) {
    if (!wish.orElse || !(refusal instanceof AzureError)) throw refusal
    const { orElse, permission: _permission, ...rest } = wish
    return authorizeOne(parts, plane, call, caller, { ...rest, ...orElse }).catch(error => {
      throw error instanceof AzureError ? refusal : error
    })
  }
}

async function authorizeOne<V extends Verb>(
  parts: Parts,
  plane: Plane,
  call: Call,
  caller: Caller,
  wish: Wish<V>,
): Promise<Grant<V>> {
  const { verb, action, scope } = wish
  const ruling = caller.kind === 'signature' ? await caller.permits(wish) : await plane.permits?.(caller, wish, call)
  if (ruling === 'allowed') return issueGrant({ verb, action, scope })
  if (ruling) throw ruling
  if (caller.kind === 'anonymous') throw plane.unauthenticated(call, 'missing')
  const roles = await rolesOf(parts, caller)
  const verdict = decide({ ...question(wish), scope, ...roles })
  if (verdict.allowed) return issueGrant({ verb, action, scope })

  if (wish.orBelow) {
    const onlyBelow = roles.assignments
      .map(assignment => assignment.scope)
      .filter(below => covers(scope, below) && decide({ ...question(wish), scope: below, ...roles }).allowed)
    if (onlyBelow.length > 0) return issueGrant({ verb, action, scope, onlyBelow })
  }
  throw plane.forbidden(caller, action, scope, { conditionFailed: verdict.conditionFailed, params: call.params })
}

/** What the caller may do, for many questions: its roles are read once. */
export async function rightsOf(
  parts: Parts,
  caller: Caller,
): Promise<(action: string, scope: string, kind?: 'data') => boolean> {
  const roles = await rolesOf(parts, caller)
  return (action, scope, kind) =>
    decide({ ...question({ action, dataAction: kind === 'data' }), scope, ...roles }).allowed
}

const question = (wish: { action: string; dataAction?: boolean; attributes?: Attributes }) => ({
  action: wish.action,
  kind: wish.dataAction ? ('data' as const) : ('control' as const),
  attributes: wish.attributes ?? (() => undefined),
})

/** Read anew for each request, so that a change is effective on the next one. */
async function rolesOf(parts: Parts, caller: Caller) {
  if (caller.kind !== 'principal') return { assignments: [], roleOf: () => undefined }
  const assignments: readonly RoleAssignment[] = await parts.store.roles.assignmentsOf(
    lookUpRoles,
    caller.principal.objectId,
  )
  const custom = new Map<string, RoleDefinition>()
  for (const { roleDefinitionId } of assignments) {
    if (builtInRole(roleDefinitionId)) continue
    const role = await parts.store.roles.customRole(lookUpRoles, roleDefinitionId)
    if (role) custom.set(roleDefinitionId, role)
  }
  return { assignments, roleOf: (id: string) => builtInRole(id) ?? custom.get(id) }
}
