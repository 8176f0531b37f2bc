import { STATUS_CODES } from 'node:http'
import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { deploymentNotFound } from '../../arm/deployments/errors.ts'
import { duration, type StepRecord, shownTarget, storedDeployment } from '../../arm/deployments/record.ts'
import { filterOf, invalidFilter } from '../../arm/filter.ts'
import { page, pageOf, readPassing } from '../../arm/paging.ts'
import { type Context, operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import { AzureError } from '../../errors.ts'
import type { Resource } from '../../store/resources.ts'
import { resourcesVersions } from './api-versions.ts'
import { existingGroup } from './resource-groups.ts'
import { existingSubscription } from './subscriptions.ts'

const type = 'Microsoft.Resources/deployments'
const readStatus = systemGrant('show how far a deployment is')

/** Where a client follows a deployment. */
export function statusUrl(url: URL, { text }: ResourceId, operationId: string): string {
  const status = new URL(`${text}/operationStatuses/${operationId}`, url)
  status.searchParams.set('api-version', url.searchParams.get('api-version') ?? '')
  return status.href
}

export function shownDeployment({ id, body }: Resource) {
  const { deployment: _deployment, deploymentLocation, properties, ...rest } = body
  return {
    id: id.text,
    name: id.name,
    type,
    ...(deploymentLocation === undefined ? {} : { location: deploymentLocation }),
    ...rest,
    properties,
  }
}

/** Reading deployments below `place`, the route of a group or a subscription. */
export function deploymentReads(place: string) {
  const collection = `${place}/providers/${type}`
  const item = `${collection}/:name`
  const idOf = (params: Params) => resourceId(filled(item, params))
  const on = (params: Params) => idOf(params).text
  const inGroup = place.includes(':resourceGroupName')

  const existing = async (cx: Context) => {
    const found = await cx.store.resources.get(cx.grant, idOf(cx.params))
    if (found) return found
    await (inGroup ? existingGroupOf(cx) : existingSubscription(cx.store, cx.params.subscriptionId ?? ''))
    throw deploymentNotFound(cx.params.name ?? '')
  }

  return [
    operation({
      name: `${type}/read`,
      route: `GET ${item}`,
      access: { verb: 'read', action: `${type}/read`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        return Response.json(shownDeployment(await existing(cx)))
      },
    }),
    operation({
      name: `${type}/read`,
      route: `HEAD ${item}`,
      access: { verb: 'read', action: `${type}/read`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        await existing(cx)
        return new Response(null, { status: 204 })
      },
    }),
    operation({
      name: `${type}/read`,
      route: `GET ${collection}`,
      access: { verb: 'read', action: `${type}/read`, on: params => filled(place, params), orBelow: true },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const container = inGroup
          ? (await existingGroupOf(cx)).id
          : (await existingSubscription(cx.store, cx.params.subscriptionId ?? '')).id
        const state = wantedState(cx.url)
        const what = pageOf(cx.url)
        const found = await readPassing(
          what,
          part => cx.store.resources.list(cx.grant, { in: container.text, type }, part),
          row => row.id.key,
          row => state === undefined || String(row.body.properties.provisioningState).toLowerCase() === state,
        )
        const render = (rows: readonly Resource[]) => rows.map(shownDeployment)
        return Response.json(page(cx.url, what.limit, found, row => row.id.key, render))
      },
    }),
    operation({
      name: `${type}/operations/read`,
      route: `GET ${item}/operations`,
      access: { verb: 'read', action: `${type}/operations/read`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const stored = await existing(cx)
        return Response.json({ value: storedDeployment(stored).steps.map(step => shownStep(stored, step)) })
      },
    }),
    operation({
      name: `${type}/operations/read`,
      route: `GET ${item}/operations/:operationId`,
      access: { verb: 'read', action: `${type}/operations/read`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const stored = await existing(cx)
        const wanted = cx.params.operationId?.toUpperCase()
        const step = storedDeployment(stored).steps.find(({ operationId }) => operationId === wanted)
        if (!step) throw operationNotFound(cx.params.operationId ?? '')
        return Response.json(shownStep(stored, step))
      },
    }),
    operation({
      name: `${type}/operationstatuses/read`,
      route: `GET ${item}/operationStatuses/:operationId`,
      access: { verb: 'read', action: `${type}/operationstatuses/read`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const asked = cx.params.operationId ?? ''
        const found = await cx.store.asyncOperations.get(readStatus, asked)
        if (!found || found.target.toLowerCase() !== idOf(cx.params).key) throw operationNotFound(asked)
        const { status, error } = found
        if (status !== 'InProgress') return Response.json({ status, ...(error ? { error } : {}) })
        return Response.json({ status: 'Running' }, { headers: { 'Retry-After': '1' } })
      },
    }),
  ]
}

const seeGroup = systemGrant('see whether the group of a deployment is there')
const existingGroupOf = (cx: Context) => existingGroup({ ...cx, grant: seeGroup })

/** `provisioningState eq 'Failed'` is all that can be asked. */
function wantedState(url: URL): string | undefined {
  const filter = filterOf(url)
  if (!filter) return undefined
  const [clause, ...others] = filter.flat()
  if (others.length === 0 && clause && 'name' in clause && clause.name === 'provisioningstate')
    return clause.value.toLowerCase()
  throw invalidFilter(url.searchParams.get('$filter') ?? '')
}

function shownStep({ id }: Resource, step: StepRecord) {
  const { operationId, target, state, status, startedAt, endedAt = startedAt, error } = step
  return {
    id: `${id.text}/operations/${operationId}`,
    operationId,
    properties: {
      provisioningOperation: 'Create',
      provisioningState: state,
      timestamp: new Date(endedAt).toISOString(),
      duration: duration(endedAt - startedAt),
      statusCode: (STATUS_CODES[status] ?? String(status)).replaceAll(' ', ''),
      ...(error ? { statusMessage: { status: 'Failed', error } } : {}),
      targetResource: shownTarget(resourceId(target)),
    },
  }
}

const operationNotFound = (id: string) =>
  new AzureError(404, 'DeploymentOperationNotFound', `The deployment operation '${id}' could not be found.`)
