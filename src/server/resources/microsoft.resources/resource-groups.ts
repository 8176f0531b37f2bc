import * as z from 'zod'
import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked, normalLocation, patchedTags, putBody, storable } from '../../arm/envelope.ts'
import { locationRequired, resourceGroupBeingDeleted, resourceGroupNotFound } from '../../arm/errors.ts'
import { type Clause, filterOf } from '../../arm/filter.ts'
import { acceptedAtLocation } from '../../arm/long-running.ts'
import { page, pageOf, readPassing } from '../../arm/paging.ts'
import { readJson } from '../../door/body.ts'
import { type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Resource, ResourceBody } from '../../store/resources.ts'
import { resourcesVersions } from './api-versions.ts'
import { existingSubscription } from './subscriptions.ts'

/**
 * Resource groups. They are no resources of a provider: their ids have another form, their actions are spelled unlike
 * their type, and everything else lies in one.
 */
export const groupType = 'Microsoft.Resources/resourceGroups'
const actions = 'Microsoft.Resources/subscriptions/resourceGroups'

export const groupId = (params: Params): ResourceId =>
  resourceId(`/subscriptions/${params.subscriptionId}/resourceGroups/${params.resourceGroupName}`)
const on = (params: Params) => groupId(params).text

const collection = '/subscriptions/:subscriptionId/resourceGroups'
const item = `${collection}/:resourceGroupName`

/** Throws 404 for the subscription or for the group, whichever is not there. */
export async function existingGroup(cx: Context): Promise<Resource> {
  const id = groupId(cx.params)
  const found = await cx.store.resources.get(cx.grant, id)
  if (found) return found
  await existingSubscription(cx.store, id.subscriptionId)
  throw resourceGroupNotFound(id.name)
}

function shown({ id, body }: Resource, apiVersion: string) {
  return {
    id: id.text,
    name: id.name,
    // Older clients compare whole answers, and groups had no type then.
    ...(apiVersion < '2018-05-01' ? {} : { type: groupType }),
    location: body.location,
    ...(body.managedBy === undefined ? {} : { managedBy: body.managedBy }),
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    properties: { provisioningState: body.properties.provisioningState },
  }
}

const managed = z.looseObject({ managedBy: z.string().optional() })

function checkName({ name }: ResourceId): void {
  const wrong = [...new Set(name.match(/[^\p{L}\p{N}_().-]/gu) ?? [])]
  if (wrong.length > 0) {
    throw invalidGroup(
      `The provided resource group name '${name}' has these invalid characters: '${wrong.join('')}'. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.`,
    )
  }
  if (name.length > 90) {
    throw invalidGroup(`The provided resource group name '${name}' is longer than the maximum of 90 characters.`)
  }
  if (name.endsWith('.')) throw invalidGroup(`The provided resource group name '${name}' must not end with a period.`)
}

const invalidGroup = (message: string) => new AzureError(400, 'InvalidResourceGroup', message)

const invalidGroupLocation = (id: ResourceId, there: string, wanted: string) =>
  new AzureError(
    409,
    'InvalidResourceGroupLocation',
    `Invalid resource group location '${wanted}'. The Resource group already exists in location '${there}'.`,
    { extra: { target: id.name } },
  )

const put = operation({
  name: `${actions}/write`,
  route: `PUT ${item}`,
  access: { verb: 'write', action: `${actions}/write`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const id = groupId(cx.params)
    checkName(id)
    const raw = await readJson(cx.request)
    const { location, tags } = putBody(raw)
    const { managedBy } = checked(managed, raw)
    return write(cx, id, apiVersion, before => {
      if (location === undefined) throw locationRequired()
      const there = before?.body.location
      if (there !== undefined && normalLocation(there) !== location) throw invalidGroupLocation(id, there, location)
      return {
        location,
        ...((managedBy ?? before?.body.managedBy) ? { managedBy: managedBy ?? before?.body.managedBy } : {}),
        ...(tags ? { tags } : {}),
        properties: { provisioningState: 'Succeeded' },
      }
    })
  },
})

const patch = operation({
  name: `${actions}/write`,
  route: `PATCH ${item}`,
  access: { verb: 'write', action: `${actions}/write`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const id = groupId(cx.params)
    const asked = await readJson(cx.request)
    return write(cx, id, apiVersion, before => {
      if (!before) throw resourceGroupNotFound(id.name)
      return patchedTags(before.body, asked)
    })
  },
})

async function write(
  cx: Context<'write'>,
  id: ResourceId,
  apiVersion: string,
  wish: (before: Resource | undefined) => ResourceBody,
): Promise<Response> {
  const { group, created } = await cx.store.write(async tx => {
    await existingSubscription(tx, id.subscriptionId)
    const before = await tx.resources.get(cx.grant, id)
    if (before?.body.properties.provisioningState === 'Deleting') throw resourceGroupBeingDeleted(id.name)
    const group = await tx.resources.put(cx.grant, before?.id ?? id, storable(wish(before)))
    return { group, created: !before }
  })
  return Response.json(shown(group, apiVersion), { status: created ? 201 : 200 })
}

const get = operation({
  name: `${actions}/read`,
  route: `GET ${item}`,
  access: { verb: 'read', action: `${actions}/read`, on },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    return Response.json(shown(await existingGroup(cx), apiVersion))
  },
})

const head = operation({
  name: `${actions}/read`,
  route: `HEAD ${item}`,
  access: { verb: 'read', action: `${actions}/read`, on },
  async run(cx) {
    apiVersionOf(cx.url, resourcesVersions)
    await existingGroup(cx)
    return new Response(null, { status: 204 })
  },
})

const list = operation({
  name: `${actions}/read`,
  route: `GET ${collection}`,
  access: {
    verb: 'read',
    action: `${actions}/read`,
    on: params => `/subscriptions/${params.subscriptionId}`,
    orBelow: true,
  },
  async run(cx) {
    const apiVersion = apiVersionOf(cx.url, resourcesVersions)
    const subscription = await existingSubscription(cx.store, cx.params.subscriptionId ?? '')
    const filter = filterOf(cx.url)
    const what = pageOf(cx.url)
    const found = await readPassing(
      what,
      part => cx.store.resources.list(cx.grant, { in: subscription.id.text, type: groupType }, part),
      group => group.id.key,
      group => filter === undefined || filter.some(clauses => hasTag(group.body.tags ?? {}, clauses)),
    )
    return Response.json(
      page(
        cx.url,
        what.limit,
        found,
        group => group.id.key,
        groups => groups.map(group => shown(group, apiVersion)),
      ),
    )
  },
})

/** `tagName eq 'a'`, alone or with `tagValue eq 'b'`, which is then the value of that tag. */
export function hasTag(tags: Readonly<Record<string, string>>, clauses: readonly Clause[]): boolean {
  const wanted = (name: string) =>
    clauses.flatMap(clause => ('name' in clause && clause.name === name ? [clause.value] : []))
  const [tagNames, tagValues] = [wanted('tagname'), wanted('tagvalue')]
  if (tagNames.length === 0 && tagValues.length === 0) return true
  return Object.entries(tags).some(
    ([name, value]) =>
      tagNames.every(one => one.toLowerCase() === name.toLowerCase()) && tagValues.every(one => one === value),
  )
}

const remove = operation({
  name: `${actions}/delete`,
  route: `DELETE ${item}`,
  access: { verb: 'delete', action: `${actions}/delete`, on },
  async run(cx) {
    apiVersionOf(cx.url, resourcesVersions)
    const found = await existingGroup(cx)
    const work = await cx.store.write(async tx => {
      const group = await tx.resources.get(cx.grant, found.id)
      if (!group) throw resourceGroupNotFound(found.id.name)
      const properties = { ...group.body.properties, provisioningState: 'Deleting' }
      await tx.resources.put(cx.grant, group.id, { ...group.body, properties })
      const target = group.id.text
      return cx.asyncWork.plan(tx, cx.grant, { kind: `${groupType}/delete`, target, caller: cx.caller })
    })
    void cx.asyncWork.begin(work)
    return acceptedAtLocation(cx.url, work)
  },
})

export const resourceGroupOperations: readonly Operation[] = [put, patch, get, head, list, remove]
