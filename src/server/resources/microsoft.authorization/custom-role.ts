import * as z from 'zod'
import { parseResourceId } from '../../../wire/resource-id.ts'
import type { RoleDefinition } from '../../access/roles.ts'
import { withoutNulls } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import type { Context } from '../../door/operation.ts'
import * as refusals from './errors.ts'
import { isGuid } from './role-lookup.ts'

const actions = z.array(z.string().trim()).default([])

const wish = z.object({
  properties: z.looseObject({
    roleName: z.string().trim().min(1).max(512),
    description: z.string().max(2048).default(''),
    assignableScopes: z.array(z.string().trim()).min(1),
    permissions: z
      .array(z.object({ actions, notActions: actions, dataActions: actions, notDataActions: actions }))
      .min(1),
  }),
})

type CustomRole = RoleDefinition & Required<Pick<RoleDefinition, 'history'>>

/** The role that a PUT describes. Throws 400 for what no custom role can be. */
export async function wishedRole(cx: Context<'write'>): Promise<CustomRole> {
  const name = (cx.params.name ?? '').toLowerCase()
  if (!isGuid(name)) throw refusals.invalidRoleName(cx.params.name ?? '')
  const body = wish.safeParse(withoutNulls(await readJson(cx.request)))
  if (!body.success) throw refusals.badFormat()
  const { roleName, description, permissions, assignableScopes } = body.data.properties
  for (const permission of permissions) Object.values(permission).flat().forEach(checkAction)
  const hasDataActions = permissions.some(({ dataActions }) => dataActions.length > 0)
  const at = new Date(cx.now).toISOString()
  const by = cx.caller.kind === 'principal' ? cx.caller.principal.objectId : ''
  return {
    name,
    roleName,
    type: 'CustomRole',
    description,
    assignableScopes: canonicalScopes(assignableScopes, { hasDataActions }),
    permissions,
    history: { createdOn: at, updatedOn: at, createdBy: by, updatedBy: by },
  }
}

/** `*`, or a provider, its types and a verb; a `*` may stand for any part of it. */
const actionPattern = /^(\*|[\w.*-]+(\/[\w.$*-]+)+)$/

function checkAction(action: string): void {
  if (!actionPattern.test(action)) throw refusals.invalidAction(action)
}

const isManagementGroup = (scope: string) =>
  /^\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i.test(scope)

function canonicalScopes(scopes: readonly string[], { hasDataActions }: { hasDataActions: boolean }): string[] {
  const canonical = scopes.map(scope => {
    const id = parseResourceId(scope)
    if (!id) throw refusals.invalidAssignableScopes(`'${scope}' is not a scope`)
    if (id.text === '/') throw refusals.invalidAssignableScopes("only built-in roles can be assigned at '/'")
    return id.text
  })
  const managementGroups = canonical.filter(isManagementGroup).length
  if (managementGroups > 1) throw refusals.invalidAssignableScopes('at most one of them can be a management group')
  if (managementGroups > 0 && hasDataActions)
    throw refusals.invalidAssignableScopes('a role with data actions cannot be assigned at a management group')
  return canonical
}
