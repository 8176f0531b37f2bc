import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import { invalidTemplate } from './errors.ts'

/** What of a template's resource says where it is, its expressions already replaced. */
export type Named = {
  readonly name: string
  readonly type: string
  readonly scope: string
  readonly resourceGroup: string
  readonly subscriptionId: string
}

/** The id of a resource in a template that is deployed to `target`, a group or a subscription. Throws 400. */
export function idOfNamed({ name, type, scope, resourceGroup, subscriptionId }: Named, target: ResourceId): ResourceId {
  const [namespace = '', ...kinds] = type.split('/')
  const names = name.split('/')
  if (kinds.length === 0 || kinds.length !== names.length) {
    throw invalidTemplate(
      `The template resource '${name}' for type '${type}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-template/#resources for usage details.`,
    )
  }
  const subscription = `/subscriptions/${subscriptionId || target.subscriptionId}`
  // A group has no provider in its id.
  if (type.toLowerCase() === 'microsoft.resources/resourcegroups')
    return checkedId(`${subscription}/resourceGroups/${name}`)
  const group = resourceGroup || (subscriptionId ? '' : target.resourceGroup)
  const around = scope ? absolute(scope, target) : group ? `${subscription}/resourceGroups/${group}` : subscription
  // The older form of an extension resource has `providers` among the types, and its namespace among the names.
  return checkedId(`${around}/providers/${namespace}${kinds.map((kind, at) => `/${kind}/${names[at]}`).join('')}`)
}

/** A scope may leave out what is the target's own: `Microsoft.Storage/storageAccounts/a`. */
const absolute = (scope: string, target: ResourceId) =>
  scope.startsWith('/') ? scope.replace(/\/$/, '') : `${target.text}/providers/${scope}`

function checkedId(text: string): ResourceId {
  const id = parseResourceId(text)
  if (!id) throw invalidTemplate(`The id '${text}' of a template resource is not valid`)
  return id
}

/** Everything that a `dependsOn` may call a resource, in lower case. */
export function namesOf(id: ResourceId): string[] {
  const [namespace = '', ...pairs] = id.key.slice(id.key.lastIndexOf('/providers/') + '/providers/'.length).split('/')
  const kinds = pairs.filter((_, at) => at % 2 === 0).join('/')
  const names = pairs.filter((_, at) => at % 2 === 1).join('/')
  return [id.key, `${namespace}/${pairs.join('/')}`, `${namespace}/${kinds}/${names}`, names, id.name.toLowerCase()]
}

/** Where a resource is asked for. No character of a name can end the path. */
export const requestPath = ({ text }: ResourceId, apiVersion: string): string =>
  `${text.split('/').map(encodeURIComponent).join('/')}?api-version=${encodeURIComponent(apiVersion)}`

/** Type and name of a resource inside another, as one that stands by itself. Names may be expressions. */
export const joinedName = (parent: string, child: string): string => {
  const isExpression = (text: string) => text.startsWith('[') && !text.startsWith('[[')
  const operand = (text: string) => (isExpression(text) ? text.slice(1, -1) : `'${text.replaceAll("'", "''")}'`)
  if (!isExpression(parent) && !isExpression(child)) return `${parent}/${child}`
  return `[concat(${operand(parent)}, '/', ${operand(child)})]`
}
