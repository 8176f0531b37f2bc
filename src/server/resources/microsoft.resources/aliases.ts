import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { readJson } from '../../door/body.ts'
import { type Caller, type Context, type Operation, operation, type Params } from '../../door/operation.ts'
import type { Writes } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { existingSubscription } from './subscriptions.ts'

/** Azure makes a subscription by giving one that is yet to be a name. The name can go again; the subscription stays. */
const versions = ['2024-08-01-preview', '2021-10-01', '2020-09-01', '2019-10-01-preview']

const wish = z.looseObject({
  displayName: z.string().trim().min(1).max(64).optional(),
  subscriptionId: z.guid().optional(),
})

const path = '/providers/Microsoft.Subscription/aliases'
const aliasId = ({ name }: Params) => resourceId(`${path}/${name}`)
const on = (params: Params) => aliasId(params).text

const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
const makeSubscription = systemGrant('make the subscription that an alias stands for, and its creator its owner')

const put = operation({
  name: 'Microsoft.Subscription/aliases/write',
  route: `PUT ${path}/:name`,
  access: { verb: 'write', action: 'Microsoft.Subscription/aliases/write', on },
  async run(cx) {
    apiVersionOf(cx.url, versions)
    const { displayName, subscriptionId: named } = checked(
      wish,
      (await readJson(cx.request)).properties ?? {},
      'properties',
    )
    const id = aliasId(cx.params)
    const { alias, created } = await cx.store.write(async tx => {
      const existing = await tx.resources.get(cx.grant, id)
      if (existing) return { alias: existing, created: false }
      // An alias for a subscription that is there is just another name of it.
      if (named !== undefined) await existingSubscription(tx, named)
      const subscriptionId = named?.toLowerCase() ?? (await newSubscription(tx, cx, displayName ?? id.name))
      return { alias: await tx.resources.put(cx.grant, id, { properties: { subscriptionId } }), created: true }
    })
    return Response.json(shown(alias), { status: created ? 201 : 200 })
  },
})

async function newSubscription(tx: Writes, cx: Context, displayName: string): Promise<string> {
  const subscriptionId = randomUUID()
  const id = resourceId(`/subscriptions/${subscriptionId}`)
  const { tenantId } = cx.directory
  await tx.resources.put(makeSubscription, id, { properties: { displayName, state: 'Enabled', tenantId } })
  await makeOwner(tx, cx, id)
  return subscriptionId
}

async function makeOwner(tx: Writes, { caller, now }: { caller: Caller; now: number }, { text }: ResourceId) {
  if (caller.kind !== 'principal') return
  const { objectId, kind } = caller.principal
  const at = new Date(now).toISOString()
  await tx.roles.putAssignment(makeSubscription, {
    name: randomUUID(),
    scope: text,
    principalId: objectId,
    principalType: kind === 'user' ? 'User' : 'ServicePrincipal',
    roleDefinitionId: owner,
    createdOn: at,
    updatedOn: at,
    createdBy: objectId,
    updatedBy: objectId,
  })
}

const get = operation({
  name: 'Microsoft.Subscription/aliases/read',
  route: `GET ${path}/:name`,
  access: { verb: 'read', action: 'Microsoft.Subscription/aliases/read', on },
  async run(cx) {
    apiVersionOf(cx.url, versions)
    const found = await cx.store.resources.get(cx.grant, aliasId(cx.params))
    if (!found) throw resourceNotFound(aliasId(cx.params))
    return Response.json(shown(found))
  },
})

const remove = operation({
  name: 'Microsoft.Subscription/aliases/delete',
  route: `DELETE ${path}/:name`,
  access: { verb: 'delete', action: 'Microsoft.Subscription/aliases/delete', on },
  async run(cx) {
    apiVersionOf(cx.url, versions)
    const removed = await cx.store.write(tx => tx.resources.remove(cx.grant, aliasId(cx.params)))
    return new Response(null, { status: removed ? 200 : 204 })
  },
})

const list = operation({
  name: 'Microsoft.Subscription/aliases/read',
  route: `GET ${path}`,
  access: { verb: 'read', action: 'Microsoft.Subscription/aliases/read', on: () => '/' },
  async run(cx) {
    apiVersionOf(cx.url, versions)
    const found = await cx.store.resources.list(
      cx.grant,
      { in: '/', type: 'Microsoft.Subscription/aliases' },
      { limit: 1000 },
    )
    return Response.json({ value: found.map(shown) })
  },
})

const shown = ({ id, body }: Resource) => ({
  id: id.text,
  name: id.name,
  type: 'Microsoft.Subscription/aliases',
  properties: { subscriptionId: body.properties.subscriptionId, provisioningState: 'Succeeded' },
})

export const aliasOperations: readonly Operation[] = [put, get, remove, list]
