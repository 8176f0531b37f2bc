import { AzureError } from '../../errors.ts'

/** What Azure's access control says no with, in its own words. */

const refusal = (status: number, code: string) => (message: string) => new AzureError(status, code, message)

/** The service writes GUIDs without dashes into some of its texts. */
const bare = (guid: string) => guid.replaceAll('-', '')

export const badFormat = () => refusal(400, 'BadRequestFormat')('The request was incorrectly formatted.')

export const invalidAssignmentName = (name: string) =>
  refusal(
    400,
    'InvalidRoleAssignmentId',
  )(`The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`)

export const invalidPrincipalId = () =>
  refusal(400, 'InvalidPrincipalId')('A valid principal ID must be provided for role assignment.')

export const principalNotFound = (principalId: string, tenantId: string) =>
  refusal(
    400,
    'PrincipalNotFound',
  )(
    `Principal ${bare(principalId)} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  )

export const unmatchedPrincipalType = (principalId: string, actual: string, given: string) =>
  refusal(
    400,
    'UnmatchedPrincipalType',
  )(
    `The PrincipalId '${bare(principalId)}' has type '${actual}' , which is different from specified PrincipalType '${given}'.`,
  )

export const roleDoesNotExist = (status: 400 | 404, name: string) =>
  refusal(status, 'RoleDefinitionDoesNotExist')(`The specified role definition with ID '${bare(name)}' does not exist.`)

export const scopeNotAssignable = (scope: string, name: string) =>
  refusal(
    400,
    'ScopeNotAssignableToRoleDefinition',
  )(`The scope '${scope}' is not one of the assignable scopes of the role definition with ID '${bare(name)}'.`)

export const assignmentExists = () => refusal(409, 'RoleAssignmentExists')('The role assignment already exists.')

export const assignmentUpdateNotPermitted = () =>
  refusal(
    400,
    'RoleAssignmentUpdateNotPermitted',
  )('Tenant ID, application ID, principal ID, and scope are not allowed to be updated.')

export const assignmentNotFound = (name: string) =>
  refusal(404, 'RoleAssignmentNotFound')(`The role assignment '${name}' is not found.`)

export const invalidCondition = (problem: string) =>
  refusal(400, 'InvalidCondition')(`The condition is not valid. ${problem}.`)

export const invalidConditionVersion = () =>
  refusal(400, 'InvalidConditionVersion')("A condition needs the conditionVersion '2.0', and that needs a condition.")

export const lastAdministrator = () =>
  refusal(400, 'CannotDeleteLastRbacAdminAssignment')('Cannot delete the last RBAC admin assignment')

export const invalidRoleName = (name: string) =>
  refusal(
    400,
    'InvalidRoleDefinitionId',
  )(`The role definition ID '${name}' is not valid. The role definition ID must be a GUID.`)

export const builtInRoleIsFixed = (roleName: string) =>
  refusal(400, 'BuiltInRoleNotModifiable')(`The built-in role '${roleName}' can be neither changed nor deleted.`)

export const sameRoleName = (isNew: boolean) =>
  refusal(
    409,
    'RoleDefinitionWithSameNameExists',
  )(
    isNew
      ? 'A custom role with the same name already exists in this directory. Use a different name'
      : 'A role definition cannot be updated with a name that already exists.',
  )

export const roleHasAssignments = () =>
  refusal(400, 'RoleDefinitionHasAssignments')('There are existing role assignments referencing role')

export const invalidAction = (action: string) =>
  refusal(400, 'InvalidActionOrNotAction')(`'${action}' does not match any of the actions supported by the providers.`)

export const invalidAssignableScopes = (problem: string) =>
  refusal(400, 'InvalidAssignableScopes')(`The assignable scopes of a custom role are not valid: ${problem}.`)

export const scopesDiffer = (name: string, asked: string, path: string) =>
  new AzureError(
    400,
    'InvalidCreateRoleAssignmentRequest',
    `The request to create role assignment '${name}' is not valid. Role assignment scope '${asked}' must match the scope specified on the URI  '${path}'.`,
  )
