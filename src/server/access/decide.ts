// Whether a principal may do something, by the roles assigned to it. Azure's order: take the assignments whose scope is
// the resource's or above it; of each role, each block of rights less its own exceptions; any block that remains
// suffices, provided that the conditions of block and assignment hold. Nothing else is allowed.
import { type Attributes, ConditionSyntaxError, evaluate, parseCondition } from './condition.ts'
import type { Permission, RoleDefinition } from './roles.ts'
import { covers } from './scope.ts'
import { actionMatches } from './wildcard.ts'

export { actionMatches } from './wildcard.ts'

export type Assignment = {
  readonly scope: string
  readonly principalId: string
  /** The role's GUID, not its resource id. */
  readonly roleDefinitionId: string
  readonly condition?: string | undefined
}

export type Question<A extends Assignment> = {
  /** Such as `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  readonly action: string
  readonly subOperation?: string | undefined
  /** Rights over the resource and rights over its contents never stand in for each other. */
  readonly kind: 'control' | 'data'
  readonly scope: string
  /** All assignments of the caller and of its groups, at whatever scope. */
  readonly assignments: readonly A[]
  readonly roleOf: (guid: string) => RoleDefinition | undefined
  readonly attributes: Attributes
}

export type Decision<A extends Assignment> =
  | { readonly allowed: true; readonly assignment: A }
  /** `conditionFailed`: some role grants it, and only a condition stood in the way; Azure words that refusal otherwise. */
  | { readonly allowed: false; readonly conditionFailed: boolean }

/** Decides by the given assignments alone, and names the one that allows. */
export const decide = <A extends Assignment>(question: Question<A>): Decision<A> => {
  let conditionFailed = false
  for (const assignment of question.assignments) {
    if (!covers(assignment.scope, question.scope)) continue
    for (const permission of question.roleOf(assignment.roleDefinitionId)?.permissions ?? []) {
      if (!grants(permission, question)) continue
      if (isMet(permission.condition, question) && isMet(assignment.condition, question)) {
        return { allowed: true, assignment }
      }
      conditionFailed = true
    }
  }
  return { allowed: false, conditionFailed }
}

type Asked = Pick<Question<Assignment>, 'action' | 'subOperation' | 'kind' | 'attributes'>

const grants = (permission: Permission, { action, kind }: Asked): boolean => {
  const [granted, excepted] =
    kind === 'control'
      ? [permission.actions, permission.notActions]
      : [permission.dataActions, permission.notDataActions]
  const matches = (pattern: string) => actionMatches(pattern, action)
  return granted.some(matches) && !excepted.some(matches)
}

// A condition that cannot be read was refused when it was written; should one turn up all the same, it is not met.
const isMet = (condition: string | undefined, asked: Asked): boolean => {
  if (condition === undefined) return true
  try {
    return evaluate(parseCondition(condition), asked)
  } catch (error) {
    if (error instanceof ConditionSyntaxError) return false
    throw error
  }
}
