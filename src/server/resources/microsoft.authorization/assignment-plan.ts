import * as z from 'zod'
import { ConditionSyntaxError, parseCondition } from '../../access/condition.ts'
import { systemGrant } from '../../access/grant.ts'
import { covers, scopeKey } from '../../access/scope.ts'
import { withoutNulls } from '../../arm/envelope.ts'
import { scopeOf } from '../../arm/scope.ts'
import { readJson } from '../../door/body.ts'
import type { Context } from '../../door/operation.ts'
import type { Writes } from '../../store/open.ts'
import type { RoleAssignment } from '../../store/role-assignments.ts'
import * as refusals from './errors.ts'
import { principalTypeOf } from './principal-type.ts'
import { isGuid, roleNamed, roleNameOf } from './role-lookup.ts'
import { checkScopeExists } from './scope.ts'

const wish = z.object({
  properties: z.looseObject({
    roleDefinitionId: z.string(),
    principalId: z.string(),
    scope: z.string().optional(),
    principalType: z.enum(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device']).optional(),
    description: z.string().max(1024).optional(),
    condition: z.string().optional(),
    conditionVersion: z.string().optional(),
  }),
})

type Wish = z.infer<typeof wish>['properties']

const lookUpAssignee = systemGrant('look up who is to get a role')

/**
 * What a PUT asks for, checked as far as it can be without the store; what is returned checks the rest in the
 * transaction. Throws 400, 404 or 409.
 */
export async function plannedAssignment(
  cx: Context<'write'>,
): Promise<(tx: Writes, before: RoleAssignment | undefined) => Promise<RoleAssignment>> {
  const name = (cx.params.name ?? '').toLowerCase()
  if (!isGuid(name)) throw refusals.invalidAssignmentName(cx.params.name ?? '')
  const body = wish.safeParse(withoutNulls(await readJson(cx.request)))
  if (!body.success) throw refusals.badFormat()
  const asked = body.data.properties
  const principalId = asked.principalId.trim().toLowerCase()
  if (!isGuid(principalId)) throw refusals.invalidPrincipalId()
  const roleDefinitionId = roleNameOf(asked.roleDefinitionId)
  if (roleDefinitionId === undefined) throw refusals.badFormat()
  checkCondition(asked)

  const scope = scopeOf(cx.params)
  // Templates name the scope a second time; a role must not go elsewhere than its maker thinks.
  if (asked.scope !== undefined && scopeKey(asked.scope) !== scopeKey(scope))
    throw refusals.scopesDiffer(name, asked.scope, scope)
  const now = new Date(cx.now).toISOString()
  const by = cx.caller.kind === 'principal' ? cx.caller.principal.objectId : ''
  return async (tx, before) => {
    await checkScopeExists(tx, scope)
    const role = await roleNamed(tx, roleDefinitionId)
    if (!role) throw refusals.roleDoesNotExist(400, roleDefinitionId)
    if (!role.assignableScopes.some(outer => covers(outer, scope)))
      throw refusals.scopeNotAssignable(scope, roleDefinitionId)
    if (before && !isSame(before, { scope, principalId, roleDefinitionId }))
      throw refusals.assignmentUpdateNotPermitted()
    const { description, condition } = asked
    return {
      name,
      scope: before?.scope ?? scope,
      principalId,
      roleDefinitionId,
      principalType: await principalType(tx, principalId, asked.principalType, cx.directory.tenantId),
      ...(description === undefined ? {} : { description }),
      ...(condition ? { condition, conditionVersion: '2.0' } : {}),
      createdOn: before?.createdOn ?? now,
      createdBy: before?.createdBy ?? by,
      updatedOn: now,
      updatedBy: by,
    }
  }
}

const isSame = (
  before: RoleAssignment,
  wished: Pick<RoleAssignment, 'scope' | 'principalId' | 'roleDefinitionId'>,
): boolean =>
  scopeKey(before.scope) === scopeKey(wished.scope) &&
  before.principalId === wished.principalId &&
  before.roleDefinitionId === wished.roleDefinitionId

function checkCondition({ condition, conditionVersion }: Wish): void {
  if ((condition || conditionVersion) && !(condition && conditionVersion === '2.0'))
    throw refusals.invalidConditionVersion()
  if (!condition) return
  try {
    parseCondition(condition)
  } catch (error) {
    if (error instanceof ConditionSyntaxError) throw refusals.invalidCondition(error.message)
    throw error
  }
}

/** Who names the type vouches for a principal that the directory has not heard of yet. */
async function principalType(tx: Writes, principalId: string, given: string | undefined, tenantId: string) {
  const principal = await tx.principals.get(lookUpAssignee, { objectId: principalId })
  if (!principal) {
    if (given === undefined) throw refusals.principalNotFound(principalId, tenantId)
    return given
  }
  const actual = principalTypeOf(principal)
  if (given !== undefined && given !== actual) throw refusals.unmatchedPrincipalType(principalId, actual, given)
  return actual
}
