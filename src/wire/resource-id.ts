/**
 * ARM resource ids. They are compared without regard to case and keep the case their maker wrote; the keywords
 * (`subscriptions`, `resourceGroups`, `providers`) have one spelling.
 */

export type ResourceId = {
  readonly text: string
  /** The text in lower case: what ids are compared and stored by. */
  readonly key: string
  /** `Microsoft.Compute/virtualMachines`, `Microsoft.Resources/resourceGroups`, … as the caller wrote the provider part. */
  readonly type: string
  readonly name: string
  /** The id of what it lies in: a parent resource, a resource group, a subscription, or '/'. */
  readonly container: string
  readonly subscriptionId: string
  readonly resourceGroup: string
}

/** Undefined when the text is not an id: an odd number of segments, an empty one, an unknown first keyword. */
export function parseResourceId(text: string): ResourceId | undefined {
  if (!text.startsWith('/')) return undefined
  const segments = text
    .slice(1)
    .split('/')
    .map(segment => segment.trim())
  if (segments.at(-1) === '') segments.pop()
  if (segments.some(segment => segment === '')) return undefined

  let canonical = ''
  let container = '/'
  let type = 'Microsoft.Resources/tenants'
  let name = ''
  let subscriptionId = ''
  let resourceGroup = ''
  let at = 0
  const take = () => segments[at++] ?? ''

  while (at < segments.length) {
    const keyword = take().toLowerCase()
    container = canonical || '/'
    if (keyword === 'subscriptions' && canonical === '') {
      name = subscriptionId = take()
      type = 'Microsoft.Resources/subscriptions'
      canonical = `/subscriptions/${name}`
    } else if (
      keyword === 'resourcegroups' &&
      subscriptionId !== '' &&
      container === `/subscriptions/${subscriptionId}`
    ) {
      name = resourceGroup = take()
      type = 'Microsoft.Resources/resourceGroups'
      canonical += `/resourceGroups/${name}`
    } else if (keyword === 'providers') {
      type = take()
      canonical += `/providers/${type}`
      do {
        const kind = take()
        if (kind === '') return undefined
        if (type.includes('/')) container = canonical
        type += `/${kind}`
        name = take()
        canonical += `/${kind}/${name}`
      } while (at < segments.length && segments[at]?.toLowerCase() !== 'providers')
    } else {
      return undefined
    }
    if (name === '') return undefined
  }
  return {
    text: canonical || '/',
    key: (canonical || '/').toLowerCase(),
    type,
    name,
    container,
    subscriptionId,
    resourceGroup,
  }
}

/** For ids that we wrote ourselves. */
export function resourceId(text: string): ResourceId {
  const id = parseResourceId(text)
  if (!id) throw new Error(`not a resource id: ${text}`)
  return id
}

/** `Microsoft.Compute/virtualMachines/extensions` and `vm1/e1` → `virtualMachines/vm1/extensions/e1`, for error texts. */
export function typeAndName(id: ResourceId): string {
  const providers = id.text.toLowerCase().lastIndexOf('/providers/')
  return providers < 0 ? id.text : id.text.slice(providers + '/providers/'.length)
}
