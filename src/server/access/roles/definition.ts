/** One block of rights. `notActions` subtract from `actions` of the same block only: they deny nothing that another block grants. */
export type Permission = {
  readonly actions: readonly string[]
  readonly notActions: readonly string[]
  readonly dataActions: readonly string[]
  readonly notDataActions: readonly string[]
  readonly condition?: string
  readonly conditionVersion?: '2.0'
}

export type RoleDefinition = {
  /** The GUID under which every tenant knows a built-in role. */
  readonly name: string
  readonly roleName: string
  readonly type: 'BuiltInRole' | 'CustomRole'
  readonly description: string
  readonly assignableScopes: readonly string[]
  readonly permissions: readonly Permission[]
  /** Of custom roles: when and by whom, as object ids. */
  readonly history?: {
    readonly createdOn: string
    readonly updatedOn: string
    readonly createdBy: string
    readonly updatedBy: string
  }
}

type BuiltInRole = Pick<RoleDefinition, 'name' | 'roleName' | 'description'> & Partial<Permission>

/** A built-in role: one block of rights, assignable anywhere. */
export const builtIn = ({ name, roleName, description, ...permission }: BuiltInRole): RoleDefinition => ({
  name,
  roleName,
  type: 'BuiltInRole',
  description,
  assignableScopes: ['/'],
  permissions: [{ actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission }],
})

/** What nearly every role for one kind of resource carries, so that its holder can deploy it, watch it and ask for support. */
export const housekeeping = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Insights/alertRules/*',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  'Microsoft.Support/*',
] as const

/** The condition that lets a delegate create and delete assignments of the given roles only, worded as the built-in roles word it. */
export const mayAssignOnly = (roles: readonly string[]): Pick<Permission, 'condition' | 'conditionVersion'> => {
  // A new assignment is described by the request, one that is to go by the resource.
  const guard = (verb: 'write' | 'delete', source: '@Request' | '@Resource') =>
    `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR ` +
    `(${source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals{${roles.join(', ')}}))`
  return { condition: `${guard('write', '@Request')} AND ${guard('delete', '@Resource')}`, conditionVersion: '2.0' }
}
