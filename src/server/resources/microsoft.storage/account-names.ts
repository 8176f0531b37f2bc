import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { checked } from '../../arm/envelope.ts'
import { readJson } from '../../door/body.ts'
import { operation } from '../../door/operation.ts'
import { skusOf, tierOf } from './account-properties.ts'
import { storageVersions } from './api-versions.ts'
import { nameRule } from './errors.ts'

const seeName = systemGrant('tell whether the name of a storage account is taken')
const question = z.looseObject({ name: z.string(), type: z.string().optional() })
const inSubscription = (params: Readonly<Record<string, string>>) => `/subscriptions/${params.subscriptionId}`
const provider = '/subscriptions/:subscriptionId/providers/Microsoft.Storage'

/** Whether a name can still be had: they are unique beyond groups and subscriptions. */
export const checkAccountName = operation<'read'>({
  name: 'Microsoft.Storage/checknameavailability/read',
  route: `POST ${provider}/checkNameAvailability`,
  access: { verb: 'read', action: 'Microsoft.Storage/checknameavailability/read', on: inSubscription },
  async run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const { name } = checked(question, await readJson(cx.request))
    if (!/^[a-z0-9]{3,24}$/.test(name)) {
      const message = `${name} is not a valid storage account name. ${nameRule}`
      return Response.json({ nameAvailable: false, reason: 'AccountNameInvalid', message })
    }
    if (!(await cx.store.storageAccounts.get(seeName, { name }))) return Response.json({ nameAvailable: true })
    const message = `The storage account named ${name} is already taken.`
    return Response.json({ nameAvailable: false, reason: 'AlreadyExists', message })
  },
})

/** What accounts can be made as. */
export const storageSkus = operation<'read'>({
  name: 'Microsoft.Storage/skus/read',
  route: `GET ${provider}/skus`,
  access: { verb: 'read', action: 'Microsoft.Storage/skus/read', on: inSubscription },
  run(cx) {
    apiVersionOf(cx.url, storageVersions)
    const value = Object.entries(skusOf).flatMap(([kind, skus]) =>
      skus.map(name => ({
        resourceType: 'storageAccounts',
        name,
        tier: tierOf(name),
        kind,
        locations: [],
        capabilities: [],
        restrictions: [],
      })),
    )
    return Response.json({ value })
  },
})
