import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { covers } from '../../access/scope.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { subscriptionNotFound } from '../../arm/errors.ts'
import { type Caller, type Context, type Operation, operation } from '../../door/operation.ts'
import type { Parts } from '../../parts.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { resourcesVersions } from './api-versions.ts'
import { type Region, regions } from './regions.ts'

const findSubscriptions = systemGrant('find the subscriptions in which a caller holds a role')

export const subscriptionId = (params: Readonly<Record<string, string>>) =>
  resourceId(`/subscriptions/${params.subscriptionId}`)

/** Throws 404. To be asked by whoever may see what lies in a subscription. */
export async function existingSubscription(reads: Pick<Reads, 'resources'>, id: string): Promise<Resource> {
  const found = await reads.resources.get(findSubscriptions, resourceId(`/subscriptions/${id}`))
  if (!found) throw subscriptionNotFound(id)
  return found
}

/** Whether the caller holds any role above, at or below the scope: that is what makes a subscription one's own. */
export async function holdsRoleAround(parts: Parts, caller: Caller): Promise<(scope: string) => boolean> {
  if (caller.kind !== 'principal') return () => false
  const assignments = await parts.store.roles.assignmentsOf(findSubscriptions, caller.principal.objectId)
  return scope => assignments.some(held => covers(held.scope, scope) || covers(scope, held.scope))
}

function shown({ id, body }: Resource, tenantId: string, apiVersion: string) {
  const subscription = {
    id: id.text,
    subscriptionId: id.name,
    displayName: body.properties.displayName,
    state: body.properties.state,
    subscriptionPolicies: {
      locationPlacementId: 'Internal_2014-09-01',
      quotaId: 'Internal_2014-09-01',
      spendingLimit: 'Off',
    },
  }
  // Since this version a caller may see subscriptions of several tenants, and is told which is whose.
  if (apiVersion < '2019-06-01') return { ...subscription, authorizationSource: 'RoleBased' }
  return { ...subscription, tenantId, authorizationSource: 'RoleBased', managedByTenants: [] }
}

const list = operation({
  name: 'Microsoft.Resources/subscriptions/read',
  route: 'GET /subscriptions',
  access: { signedIn: 'it shows the subscriptions in which the caller holds a role' },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const isMine = await holdsRoleAround(cx, cx.caller)
    const all = await cx.store.resources.ofType(findSubscriptions, 'Microsoft.Resources/subscriptions')
    const mine = all.filter(({ id }) => isMine(id.text))
    return Response.json({
      value: mine.map(subscription => shown(subscription, cx.directory.tenantId, apiVersion)),
      count: { type: 'Total', value: mine.length },
    })
  },
})

// A role on anything in the subscription lets its holder see the subscription itself, but not what else is in it.
const read = {
  verb: 'read',
  action: 'Microsoft.Resources/subscriptions/read',
  on: (params: Context['params']) => subscriptionId(params).text,
  orBelow: true,
} as const

const get = operation({
  name: read.action,
  route: 'GET /subscriptions/:subscriptionId',
  access: read,
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const found = await existingSubscription(cx.store, cx.params.subscriptionId ?? '')
    return Response.json(shown(found, cx.directory.tenantId, apiVersion))
  },
})

const locations = operation({
  name: 'Microsoft.Resources/subscriptions/locations/read',
  route: 'GET /subscriptions/:subscriptionId/locations',
  access: { ...read, action: 'Microsoft.Resources/subscriptions/locations/read' },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const { id } = await existingSubscription(cx.store, cx.params.subscriptionId ?? '')
    const shape = apiVersion < '2020-01-01' ? plainLocation : location
    return Response.json({ value: regions.map(region => shape(id.text, region)) })
  },
})

const plainLocation = (subscription: string, { name, displayName, latitude, longitude }: Region) => ({
  id: `${subscription}/locations/${name}`,
  name,
  displayName,
  longitude,
  latitude,
})

function location(subscription: string, region: Region) {
  const { name, displayName, geography, geographyGroup, longitude, latitude, physicalLocation, paired } = region
  return {
    id: `${subscription}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: `(${geographyGroup}) ${displayName}`,
    metadata: {
      regionType: 'Physical',
      regionCategory: 'Recommended',
      geography,
      geographyGroup,
      longitude,
      latitude,
      physicalLocation,
      pairedRegion: [{ name: paired, id: `${subscription}/locations/${paired}` }],
    },
  }
}

export const subscriptionOperations: readonly Operation[] = [list, get, locations]
