import { parseResourceId, type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { missingSubscription, resourceGroupNotFound, resourceNotFound } from '../../arm/errors.ts'
import type { Reads } from '../../store/open.ts'
import { existingSubscription } from '../microsoft.resources/subscriptions.ts'

/** The scope itself and all above it, up to `/`. Throws 404 for a path that is no scope. */
export function scopesUpFrom(scope: string): string[] {
  const id = parseResourceId(scope)
  if (!id) throw missingSubscription()
  return id.text === '/' ? ['/'] : [id.text, ...scopesUpFrom(id.container)]
}

const seeScope = systemGrant('see whether the scope of a role is there')

/**
 * Throws 404 when the subscription, the group or the resource is not there. What lies inside a resource, such as a
 * container in an account, may be named before it is made.
 */
export async function checkScopeExists(reads: Pick<Reads, 'resources'>, scope: string): Promise<void> {
  const id = parseResourceId(scope)
  if (!id) throw missingSubscription()
  if (id.subscriptionId === '') return
  await existingSubscription(reads, id.subscriptionId)
  if (id.resourceGroup === '') return
  const group = resourceId(`/subscriptions/${id.subscriptionId}/resourceGroups/${id.resourceGroup}`)
  if (!(await reads.resources.get(seeScope, group))) throw resourceGroupNotFound(id.resourceGroup)
  const resource = outermostResource(id)
  if (resource && !(await reads.resources.get(seeScope, resource))) throw resourceNotFound(resource)
}

function outermostResource(id: ResourceId): ResourceId | undefined {
  const segments = id.text.split('/')
  // ['', subscriptions, s, resourceGroups, g, providers, namespace, type, name, …]
  return segments.length < 9 ? undefined : parseResourceId(segments.slice(0, 9).join('/'))
}
