import type { ResourceId } from '../../wire/resource-id.ts'
import { resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { readJson } from '../door/body.ts'
import { type Caller, type Context, type Operation, operation, type Params } from '../door/operation.ts'
import { filled } from '../door/routes.ts'
import type { AsyncOperation } from '../store/async-operations.ts'
import type { Reads, Writes } from '../store/open.ts'
import type { Listing, Resource, ResourceBody } from '../store/resources.ts'
import { apiVersionOf } from './api-version.ts'
import { checked, normalLocation, patchedTags, putBody, storable } from './envelope.ts'
import * as refusals from './errors.ts'
import { linkedAuthorization } from './linked.ts'
import { accepted } from './long-running.ts'
import { page, pageOf } from './paging.ts'
import type { Remover, ResourceType } from './resource-type.ts'

/** The operations that follow from a resource type: `PUT PATCH GET HEAD DELETE`, its lists and its actions. */
export function resourceOperations(type: ResourceType): Operation[] {
  const [namespace = '', ...kinds] = type.type.split('/')
  const parentPath = kinds
    .slice(0, -1)
    .reduce((path, kind, i) => `${path}/${kind}/:parent${i}`, `/providers/${namespace}`)
  const inGroup = `/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName${parentPath}`
  const collection = `${inGroup}/${kinds.at(-1)}`
  const item = `${collection}/:name`
  const isChild = kinds.length > 1

  const idOf = (params: Params) => resourceId(filled(item, params))
  const onItem = (params: Params) => idOf(params).text
  const read = { verb: 'read', action: `${type.type}/read` } as const
  const write = { verb: 'write', action: `${type.type}/write`, on: onItem } as const

  const lists = [
    {
      path: collection,
      on: (params: Params) => (isChild ? idOf({ ...params, name: '-' }).container : filled(groupPath, params)),
    },
    ...(isChild
      ? []
      : [
          {
            path: `${subscriptionPath}/providers/${type.type}`,
            on: (params: Params) => filled(subscriptionPath, params),
          },
        ]),
  ]

  return [
    operation({
      name: `${type.type}/read`,
      route: `GET ${item}`,
      access: { ...read, on: onItem },
      run: async cx => {
        const apiVersion = apiVersionOf(cx.url, type.apiVersions)
        return shown(cx, type, await existing(cx, idOf(cx.params)), apiVersion)
      },
    }),
    operation({
      name: `${type.type}/read`,
      route: `HEAD ${item}`,
      access: { ...read, on: onItem },
      run: async cx => {
        apiVersionOf(cx.url, type.apiVersions)
        await existing(cx, idOf(cx.params))
        return new Response(null, { status: 204 })
      },
    }),
    ...lists.map(({ path, on }) =>
      operation({
        name: `${type.type}/read`,
        route: `GET ${path}`,
        access: { ...read, on, orBelow: true },
        run: cx => listed(cx, type, path === collection ? idOf({ ...cx.params, name: '-' }) : undefined),
      }),
    ),
    operation({ name: write.action, route: `PUT ${item}`, access: write, run: cx => put(cx, type, idOf(cx.params)) }),
    operation({
      name: write.action,
      route: `PATCH ${item}`,
      access: write,
      run: cx => patch(cx, type, idOf(cx.params)),
    }),
    operation({
      name: `${type.type}/delete`,
      route: `DELETE ${item}`,
      access: { verb: 'delete', action: `${type.type}/delete`, on: onItem },
      run: cx => remove(cx, type, idOf(cx.params)),
    }),
    ...Object.entries(type.actions ?? {}).map(([name, action]) =>
      operation({
        name: `${type.type}/${name}/action`,
        route: `POST ${item}/${name}`,
        access: { verb: 'action', action: `${type.type}/${name}/action`, on: onItem },
        run: async cx => {
          apiVersionOf(cx.url, action.apiVersions ?? type.apiVersions)
          return action.run(cx, await existing(cx, idOf(cx.params)))
        },
      }),
    ),
  ]
}

const subscriptionPath = '/subscriptions/:subscriptionId'
const groupPath = `${subscriptionPath}/resourceGroups/:resourceGroupName`

async function existing(cx: Context, id: ResourceId): Promise<Resource> {
  const found = await cx.store.resources.get(cx.grant, id)
  if (found) return found
  await containerOf(cx.store, id)
  throw refusals.resourceNotFound(id)
}

/** As ARM shows a resource: the envelope first, then what the type makes of the body. */
export async function rendered(
  cx: Context,
  type: ResourceType,
  resource: Resource,
  apiVersion: string,
  expand: string[] = [],
) {
  const body = type.render ? await type.render({ parts: cx, resource, apiVersion, expand, url: cx.url }) : resource.body
  return { id: resource.id.text, name: resource.id.name, type: type.type, etag: `"${resource.etag}"`, ...body }
}

async function shown(
  cx: Context,
  type: ResourceType,
  resource: Resource,
  apiVersion: string,
  status = 200,
): Promise<Response> {
  const expand = (cx.url.searchParams.get('$expand') ?? '').split(',').map(part => part.trim().toLowerCase())
  return Response.json(await rendered(cx, type, resource, apiVersion, expand), {
    status,
    headers: { ETag: `"${resource.etag}"` },
  })
}

/** `member` is the id of any member of the list; without it, the list is that of the whole subscription. */
async function listed(cx: Context, type: ResourceType, member: ResourceId | undefined): Promise<Response> {
  const apiVersion = apiVersionOf(cx.url, type.apiVersions)
  const { limit, after } = pageOf(cx.url)
  if (member) await containerOf(cx.store, member)
  const what: Listing = member
    ? { in: member.container, type: type.type }
    : { below: { subscription: cx.params.subscriptionId ?? '' }, type: type.type }
  const found = await cx.store.resources.list(cx.grant, what, {
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
  })
  const { value, nextLink } = page(
    cx.url,
    limit,
    found,
    row => row.id.key,
    rows => rows.map(row => rendered(cx, type, row, apiVersion)),
  )
  return Response.json({ value: await Promise.all(value), ...(nextLink === undefined ? {} : { nextLink }) })
}

async function put(cx: Context<'write'>, type: ResourceType, id: ResourceId): Promise<Response> {
  const apiVersion = apiVersionOf(cx.url, type.apiVersions)
  if (type.name && !type.name.pattern.test(id.name)) throw refusals.invalidResourceName(id, type.name.rule)
  const body = putBody(await readJson(cx.request))
  return change(cx, type, id, apiVersion, () => body)
}

async function patch(cx: Context<'write'>, type: ResourceType, id: ResourceId): Promise<Response> {
  const apiVersion = apiVersionOf(cx.url, type.apiVersions)
  const asked = await readJson(cx.request)
  return change(cx, type, id, apiVersion, before => {
    if (!before) throw refusals.resourceNotFound(id)
    const body = patchedTags(before.body, asked)
    return type.patch ? type.patch({ ...before, body }, asked) : body
  })
}

/** PUT and PATCH from here on are one: the wished body against what is there, in one transaction. */
async function change(
  cx: Context<'write'>,
  type: ResourceType,
  id: ResourceId,
  apiVersion: string,
  wish: (before: Resource | undefined) => ResourceBody,
): Promise<Response> {
  const { resource, operation, created } = await cx.store.write(async tx => {
    const before = await tx.resources.get(cx.grant, id)
    const body = wish(before)
    checkConditions(cx.request, before)
    await openContainer(tx, id)
    if (before && isBeingDeleted(before)) throw refusals.resourceBeingDeleted(id)
    checkLocation(type, id, before, body)
    await linkedAuthorization(cx, type.linked?.(body, before) ?? [])
    const properties = checked(type.properties, body.properties, 'properties')
    const planned = await type.put({ cx, tx, id: before?.id ?? id, existing: before, body: { ...body, properties } })
    const resource = await tx.resources.put(cx.grant, before?.id ?? id, storable(planned.body))
    const kind = `${type.type}/write`
    const operation =
      planned.work === undefined
        ? undefined
        : await cx.asyncWork.plan(tx, cx.grant, {
            kind,
            target: resource.id.text,
            input: planned.work,
            caller: cx.caller,
          })
    return { resource, operation, created: !before }
  })
  const status = created ? (type.createdStatus ?? 201) : 200
  if (!operation) return shown(cx, type, resource, apiVersion, status)
  void cx.asyncWork.begin(operation)
  return accepted(cx.url, operation, status, await rendered(cx, type, resource, apiVersion))
}

async function remove(cx: Context<'delete'>, type: ResourceType, id: ResourceId): Promise<Response> {
  apiVersionOf(cx.url, type.apiVersions)
  const outcome = await cx.store.write(async tx => {
    const before = await tx.resources.get(cx.grant, id)
    checkConditions(cx.request, before)
    if (before) return removeResource(cx, tx, type, before, cx.caller)
    await containerOf(tx, id)
    return 'absent'
  })
  if (outcome === 'absent') return new Response(null, { status: 204 })
  if (outcome === 'removed') return new Response(null, { status: 200 })
  void cx.asyncWork.begin(outcome)
  return accepted(cx.url, outcome, 202)
}

/** Also what the deletion of a resource group does to each of its resources. */
export async function removeResource(
  cx: Remover,
  tx: Writes,
  type: ResourceType,
  resource: Resource,
  caller?: Caller,
): Promise<'removed' | AsyncOperation> {
  const { work } = (await type.remove?.({ cx, tx, id: resource.id, existing: resource })) ?? {}
  if (work === undefined) {
    await tx.resources.remove(cx.grant, resource.id)
    await tx.roles.removeAssignmentsBelow(cx.grant, resource.id.text)
    return 'removed'
  }
  await tx.resources.put(cx.grant, resource.id, {
    ...resource.body,
    properties: { ...resource.body.properties, provisioningState: 'Deleting' },
  })
  return cx.asyncWork.plan(tx, cx.grant, {
    kind: `${type.type}/delete`,
    target: resource.id.text,
    input: work,
    ...(caller ? { caller } : {}),
  })
}

function checkConditions(request: Request, before: Resource | undefined): void {
  const ifMatch = request.headers.get('if-match')
  const ifNoneMatch = request.headers.get('if-none-match')
  const names = (header: string) => header.split(',').map(tag => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
  if (ifMatch !== null && !(before && (ifMatch.trim() === '*' || names(ifMatch).includes(before.etag))))
    throw refusals.preconditionFailed()
  if (ifNoneMatch !== null && before && (ifNoneMatch.trim() === '*' || names(ifNoneMatch).includes(before.etag)))
    throw refusals.preconditionFailed()
}

const seeContainer = systemGrant('see whether what a resource lies in is there')

/** The group, and the parent of a child. Throws 404 for the outermost one that is not there. */
async function containerOf(
  reads: Pick<Reads, 'resources'>,
  id: ResourceId,
): Promise<{ group: Resource; parent?: Resource }> {
  const group = await reads.resources.get(
    seeContainer,
    resourceId(filled(groupPath, { ...id, resourceGroupName: id.resourceGroup })),
  )
  if (!group) throw refusals.resourceGroupNotFound(id.resourceGroup)
  const container = resourceId(id.container)
  if (container.key === group.id.key) return { group }
  const parent = await reads.resources.get(seeContainer, container)
  if (!parent) throw refusals.parentResourceNotFound(id)
  return { group, parent }
}

/** For what is to be made in it: the container must not be on its way out. Throws 404 or 409. */
async function openContainer(tx: Writes, id: ResourceId): Promise<void> {
  const { group, parent } = await containerOf(tx, id)
  if (isBeingDeleted(group)) throw refusals.resourceGroupBeingDeleted(id.resourceGroup)
  if (parent && isBeingDeleted(parent)) throw refusals.resourceBeingDeleted(parent.id)
}

const isBeingDeleted = ({ body }: Resource) => body.properties.provisioningState === 'Deleting'

function checkLocation(type: ResourceType, id: ResourceId, before: Resource | undefined, body: ResourceBody): void {
  if (type.location === 'none') return
  if (body.location === undefined) throw refusals.locationRequired()
  const there = before?.body.location
  if (there !== undefined && normalLocation(there) !== body.location)
    throw refusals.invalidLocation(id, there, body.location)
}
