import { EvaluationError, type Scope, type TemplateFunction } from './evaluate.ts'

/** The functions that templates can call, by lower-case name. Adding one is a line here. */
export const functions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    parameters: ([name], scope) => scope.parameter(text('parameters', name)),
    variables: ([name], scope) => scope.variable(text('variables', name)),
    concat,
    toLower: ([value], scope) => made(text('toLower', value), scope).toLowerCase(),
    toUpper: ([value], scope) => made(text('toUpper', value), scope).toUpperCase(),
    resourceGroup: (_args, scope) => groupOf('resourceGroup', scope),
    subscription: (_args, { subscriptionId, tenantId }) => ({
      id: `/subscriptions/${subscriptionId}`,
      subscriptionId,
      tenantId,
    }),
    deployment: (_args, { deploymentName }) => ({ name: deploymentName }),
    resourceId: (args, scope) => resourceIdOf(args, scope),
    subscriptionResourceId: (args, { subscriptionId }) => {
      const [subscription = subscriptionId, ...rest] = beforeType('subscriptionResourceId', args, 1)
      return `/subscriptions/${subscription}${providerPath('subscriptionResourceId', rest)}`
    },
    reference: ([resource, apiVersion, full], { reference }) => {
      if (!reference) throw new EvaluationError("The template function 'reference' is not expected at this location")
      const how = typeof full === 'string' && full.toLowerCase() === 'full' ? 'full' : 'properties'
      return reference(text('reference', resource), apiVersion === undefined ? undefined : String(apiVersion), how)
    },
  } satisfies Record<string, TemplateFunction>).map(([name, call]) => [name.toLowerCase(), call]),
)

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new EvaluationError(`The template function '${name}' has an invalid parameter: a string was expected`)
}

function made(value: string, { meter }: Scope): string {
  meter.spend(value.length)
  return value
}

function groupOf(name: string, { resourceGroup }: Scope) {
  if (resourceGroup) return { ...resourceGroup, type: 'Microsoft.Resources/resourceGroups' }
  throw new EvaluationError(`The template function '${name}' is not valid in a deployment to a subscription`)
}

function concat(args: readonly unknown[], { meter }: Scope): unknown {
  if (args.length > 0 && args.every(Array.isArray)) {
    for (const { length } of args) meter.spend(length)
    return args.flat()
  }
  if (args.every(arg => typeof arg !== 'object')) {
    for (const arg of args) meter.spend(String(arg).length)
    return args.join('')
  }
  throw new EvaluationError("The template function 'concat' takes either arrays alone or texts and numbers alone")
}

/** `[subscriptionId], [resourceGroup], type, name…` */
function resourceIdOf(args: readonly unknown[], scope: Scope): string {
  const [first, second, ...rest] = beforeType('resourceId', args, 2)
  // Of one text before the type, which it is follows from its form.
  const isSubscription = second !== undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(first ?? '')
  const subscription = isSubscription ? first : scope.subscriptionId
  const group = second ?? (isSubscription ? undefined : first) ?? scope.resourceGroup?.name
  const inGroup = group === undefined ? '' : `/resourceGroups/${group}`
  return `/subscriptions/${subscription}${inGroup}${providerPath('resourceId', rest)}`
}

/** The arguments with those before the type filled up to `most` by undefined: only a type has a slash in it. */
function beforeType(name: string, args: readonly unknown[], most: number): (string | undefined)[] {
  const texts = args.map(arg => text(name, arg))
  const at = texts.findIndex(one => one.includes('/'))
  if (at < 0 || at > most) {
    throw new EvaluationError(`Unable to evaluate template language function '${name}': it has no resource type`)
  }
  const before = texts.slice(0, at)
  return [...before, ...Array<undefined>(most - at).fill(undefined), ...texts.slice(at)]
}

function providerPath(name: string, [type = '', ...names]: readonly (string | undefined)[]): string {
  const [namespace = '', ...kinds] = type.split('/')
  if (kinds.length !== names.length) {
    throw new EvaluationError(
      `Unable to evaluate template language function '${name}': the type '${type}' requires ${kinds.length} resource name argument(s)`,
    )
  }
  return `/providers/${namespace}${kinds.map((kind, at) => `/${kind}/${names[at]}`).join('')}`
}
