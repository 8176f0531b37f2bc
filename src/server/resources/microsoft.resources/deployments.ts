import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import * as refusals from '../../arm/deployments/errors.ts'
import { checkParameters, givenParameters } from '../../arm/deployments/parameters.ts'
import { type PlannedDeployment, planOf } from '../../arm/deployments/plan.ts'
import { type Kind, preflight } from '../../arm/deployments/preflight.ts'
import { isActive, type StoredDeployment, shownProperties, storedDeployment } from '../../arm/deployments/record.ts'
import { readDeployment } from '../../arm/deployments/template.ts'
import { readVaultReferences } from '../../arm/deployments/vault-references.ts'
import { storable } from '../../arm/envelope.ts'
import { resourceGroupBeingDeleted, resourceGroupNotFound } from '../../arm/errors.ts'
import { readText } from '../../door/body.ts'
import { type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { Resource, ResourceBody } from '../../store/resources.ts'
import { resourcesVersions } from './api-versions.ts'
import { deploymentReads, shownDeployment, statusUrl } from './deployment-reads.ts'
import { existingSubscription } from './subscriptions.ts'

export { runDeployment } from '../../arm/deployments/run.ts'

/** Deployments: a template whose resources are put as its caller would put them, one by one. */
export const deploymentType = 'Microsoft.Resources/deployments'

const places = [
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName',
  '/subscriptions/:subscriptionId',
] as const

/** `kinds` is everything that a template can have resources of. */
export const deploymentOperations = (kinds: readonly Kind[]): readonly Operation[] =>
  places.flatMap(place => [...deploymentChanges(place, kinds), ...deploymentReads(place)])

const seeTarget = systemGrant('see whether what is deployed to is there')

function deploymentChanges(place: string, kinds: readonly Kind[]): Operation[] {
  const item = `${place}/providers/${deploymentType}/:name`
  const idOf = (params: Params) => resourceId(filled(item, params))
  const on = (params: Params) => idOf(params).text

  const planned = async (cx: Context) => {
    const id = idOf(cx.params)
    if (!/^[-\w.()]{1,64}$/.test(id.name)) throw refusals.invalidDeploymentName(id.name)
    const wish = readDeployment(await readText(cx.request, bodyLimit))
    const { template } = wish
    const { values, references } = givenParameters(wish)
    await existingSubscription(cx.store, id.subscriptionId)
    const secrets = await readVaultReferences(cx, references)
    checkParameters(template, secrets)
    const input = { template, parameters: { ...values, ...secrets }, correlationId: cx.correlationId }
    const plan = await planOf(cx, input satisfies PlannedDeployment, id)
    await preflight(cx, plan.steps, kinds)
    const properties = {
      ...(await shownProperties(template, plan.steps, plan.scope, references)),
      correlationId: cx.correlationId,
      timestamp: new Date(cx.now).toISOString(),
      duration: 'PT0S',
    }
    const { location, tags } = wish
    const envelope = { ...(tags ? { tags } : {}), ...(location ? { deploymentLocation: location } : {}) }
    return { id, input, plan, properties, envelope }
  }

  return [
    operation({
      name: `${deploymentType}/write`,
      route: `PUT ${item}`,
      access: { verb: 'write', action: `${deploymentType}/write`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const { id, input, properties, envelope } = await planned(cx)
        const { stored, work, created } = await cx.store.write(async tx => {
          await openTarget(tx, id)
          const before = await tx.resources.get(cx.grant, id)
          if (before && isActive(before)) {
            throw refusals.deploymentActive(id.name, String(before.body.properties.timestamp))
          }
          if (!before) await makeRoom(tx, id)
          const deployment: StoredDeployment = { startedAt: cx.now, steps: [] }
          const body: ResourceBody = {
            ...envelope,
            properties: { ...properties, provisioningState: 'Running' },
            deployment,
          }
          const stored = await tx.resources.put(cx.grant, before?.id ?? id, storable(body))
          const kind = `${deploymentType}/write`
          const work = await cx.asyncWork.plan(tx, cx.grant, { kind, target: stored.id.text, input, caller: cx.caller })
          return { stored, work, created: !before }
        })
        void cx.asyncWork.begin(work)
        // Azure says "Accepted" here, and "Running" to whoever asks later.
        const shown = shownDeployment(stored)
        const body = { ...shown, properties: { ...shown.properties, provisioningState: 'Accepted' } }
        const headers = { 'Azure-AsyncOperation': statusUrl(cx.url, stored.id, work.id), 'Retry-After': '1' }
        return Response.json(body, { status: created ? 201 : 200, headers })
      },
    }),
    operation({
      name: `${deploymentType}/validate/action`,
      route: `POST ${item}/validate`,
      access: { verb: 'action', action: `${deploymentType}/validate/action`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        const { id, plan, properties } = await planned(cx)
        await openTarget(cx.store, id)
        const validatedResources = plan.steps.map(step => ({ id: step.id.text }))
        return Response.json({
          id: id.text,
          name: id.name,
          type: deploymentType,
          properties: { ...properties, provisioningState: 'Succeeded', validatedResources },
        })
      },
    }),
    operation({
      name: `${deploymentType}/cancel/action`,
      route: `POST ${item}/cancel`,
      access: { verb: 'action', action: `${deploymentType}/cancel/action`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        await cx.store.write(async tx => {
          const stored = await found(tx, cx, idOf(cx.params))
          if (!isActive(stored)) throw refusals.deploymentNotCancellable(stored.id.name)
          const deployment: StoredDeployment = { ...storedDeployment(stored), isCanceled: true }
          await tx.resources.put(cx.grant, stored.id, { ...stored.body, deployment })
        })
        return new Response(null, { status: 204 })
      },
    }),
    operation({
      name: `${deploymentType}/delete`,
      route: `DELETE ${item}`,
      access: { verb: 'delete', action: `${deploymentType}/delete`, on },
      async run(cx) {
        apiVersionOf(cx.url, resourcesVersions)
        await cx.store.write(async tx => {
          const stored = await tx.resources.get(cx.grant, idOf(cx.params))
          if (!stored) return
          if (isActive(stored))
            throw refusals.deploymentActive(stored.id.name, String(stored.body.properties.timestamp))
          await tx.resources.remove(cx.grant, stored.id)
        })
        return new Response(null, { status: 204 })
      },
    }),
  ]
}

/** Azure keeps so many in a group or subscription. */
const mostKept = 800
/** More than one, so that it is not done again for the next. */
const removedAtOnce = 50
const forgetOldest = systemGrant('forget the oldest deployments, as Azure does when there are too many')

/** Throws 409 when there are too many of which none has ended: a template that deploys itself would not come to an end. */
async function makeRoom(tx: Writes, id: ResourceId): Promise<void> {
  const all = { in: id.container, type: deploymentType }
  if ((await tx.resources.count(forgetOldest, all)) < mostKept) return
  const ended = (await tx.resources.list(forgetOldest, all, { limit: mostKept })).filter(one => !isActive(one))
  if (ended.length === 0) throw refusals.deploymentQuotaExceeded(id.name, mostKept)
  const oldest = ended.sort((a, b) => a.createdAt - b.createdAt).slice(0, removedAtOnce)
  for (const one of oldest) await tx.resources.remove(forgetOldest, one.id)
}

/** The limit of the resource manager. */
const bodyLimit = 4 * 1024 * 1024

async function found(tx: Writes, { grant }: Context, id: ResourceId): Promise<Resource> {
  const stored = await tx.resources.get(grant, id)
  if (!stored) throw refusals.deploymentNotFound(id.name)
  return stored
}

/** Throws 404 or 409 for a group that is not there, or on its way out. */
async function openTarget(reads: Pick<Reads, 'resources'>, { container, resourceGroup }: ResourceId): Promise<void> {
  if (resourceGroup === '') return
  const group = await reads.resources.get(seeTarget, resourceId(container))
  if (!group) throw resourceGroupNotFound(resourceGroup)
  if (group.body.properties.provisioningState === 'Deleting') throw resourceGroupBeingDeleted(resourceGroup)
}
