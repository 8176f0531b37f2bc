import { systemGrant } from '../../access/grant.ts'
import { pageSize, readPassing } from '../../arm/paging.ts'
import type { ResourceAction } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import type { Resource } from '../../store/resources.ts'
import { existingSubscription } from '../microsoft.resources/subscriptions.ts'

const seeResources = systemGrant(
  'find the resources that an identity is given to, of which the caller is shown its own',
)

/** POST: the resources that an identity is given to, as far as the caller may read them. */
export const listAssociatedResources: ResourceAction = {
  apiVersions: ['2022-01-31-preview', '2021-09-30-preview'],
  async run(cx, identity) {
    const may = await cx.rights()
    const below = { subscription: identity.id.subscriptionId }
    const isItsOwn = ({ id, body }: Resource) =>
      Object.keys(body.identity?.userAssignedIdentities ?? {}).some(key => key.toLowerCase() === identity.id.key) &&
      may(`${id.type}/read`, id.text)
    const found = await readPassing(
      { limit: 10_000 },
      part => cx.store.resources.list(seeResources, { below }, part),
      row => row.id.key,
      isItsOwn,
    )
    const subscription = await existingSubscription(cx.store, identity.id.subscriptionId)
    const skip = count(cx.url, '$skip', 0)
    const top = count(cx.url, '$top', pageSize)
    const shown = found.slice(skip, skip + top)
    const next = new URL(cx.url)
    next.searchParams.set('$skip', String(skip + top))
    return Response.json({
      totalCount: found.length,
      value: shown.map(({ id }) => ({
        id: id.text,
        name: id.name,
        type: id.type.toLowerCase(),
        resourceGroup: id.resourceGroup,
        subscriptionId: id.subscriptionId,
        subscriptionDisplayName: subscription.body.properties.displayName,
      })),
      ...(skip + top < found.length ? { nextLink: next.href } : {}),
    })
  },
}

function count(url: URL, name: string, fallback: number): number {
  const text = url.searchParams.get(name)
  if (text === null) return fallback
  if (!/^\d{1,6}$/.test(text))
    throw new AzureError(400, 'BadRequest', `The value '${text}' of ${name} is not a number.`)
  return Number(text)
}
