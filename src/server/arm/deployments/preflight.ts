import type { Caller, Context } from '../../door/operation.ts'
import { clientText, type Detail, invalidTemplateDeployment } from './errors.ts'
import type { Step } from './steps.ts'

/** What the resource manager has: a type with its versions. */
export type Kind = { readonly type: string; readonly apiVersions: readonly string[] }

/**
 * Says before anything is changed what of a template cannot go well: types and versions that are not there, and
 * resources that the caller may not write. Each PUT is authorized again. Throws 400 or 403 with all of it.
 */
export async function preflight(cx: Context, steps: readonly Step[], kinds: readonly Kind[]): Promise<void> {
  const byType = new Map(kinds.map(kind => [kind.type.toLowerCase(), kind]))
  const unknown = steps.flatMap(step => unknownKind(step, byType.get(step.id.type.toLowerCase())) ?? [])
  if (unknown.length > 0) throw invalidTemplateDeployment(400, unknown)

  const may = await cx.rights()
  const refused = steps.flatMap(step => {
    const action = writeAction(byType.get(step.id.type.toLowerCase())?.type ?? step.id.type)
    return action === undefined || may(action, step.id.text) ? [] : notAuthorized(cx.caller, step, action)
  })
  if (refused.length > 0) throw invalidTemplateDeployment(403, refused)
}

function unknownKind({ id, apiVersion, location = '' }: Step, kind: Kind | undefined): Detail | undefined {
  const version = apiVersion.toLowerCase()
  if (kind?.apiVersions.includes(version)) return undefined
  const [namespace = ''] = id.type.split('/')
  const type = id.type.slice(namespace.length + 1)
  if (!kind) {
    const message = `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'.`
    return { code: 'InvalidResourceType', message }
  }
  const supported = kind.apiVersions.join(', ')
  const message = `No registered resource provider found for location '${location}' and API version '${apiVersion}' for type '${type}'. The supported api-versions are '${supported}'.`
  return { code: 'NoRegisteredProviderFound', message }
}

/** Groups are the one type whose actions are spelled unlike their type. Of a role assignment, its own conditions decide. */
function writeAction(type: string): string | undefined {
  switch (type.toLowerCase()) {
    case 'microsoft.resources/resourcegroups':
      return 'Microsoft.Resources/subscriptions/resourceGroups/write'
    case 'microsoft.authorization/roleassignments':
      return undefined
    default:
      return `${type}/write`
  }
}

function notAuthorized(caller: Caller, { id }: Step, action: string): Detail {
  return {
    code: 'AuthorizationFailed',
    target: id.text,
    message: `Authorization failed for template resource '${id.name}' of type '${id.type}'. ${clientText(caller)} does not have permission to perform action '${action}' at scope '${id.text}'.`,
  }
}
