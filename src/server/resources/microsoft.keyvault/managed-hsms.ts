import * as z from 'zod'
import { resourceId } from '../../../wire/resource-id.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { type Operation, operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import { AzureError } from '../../errors.ts'
import { existingSubscription } from '../microsoft.resources/subscriptions.ts'
import { keyVaultVersions } from './api-versions.ts'

/**
 * Managed HSMs, of which there are none: who lists them, as az does along with vaults, finds none; who wants one is told
 * what Azure says in a region that has none.
 */
export const managedHsms = defineResource({
  type: 'Microsoft.KeyVault/managedHSMs',
  apiVersions: keyVaultVersions.filter(version => version >= '2020'),
  location: 'required',
  properties: z.looseObject({}),
  put({ id, body }) {
    throw new AzureError(
      400,
      'LocationNotAvailableForResourceType',
      `The provided location '${body.location}' is not available for resource type '${id.type}'. List of available regions for the resource type is ''.`,
    )
  },
})

const subscription = '/subscriptions/:subscriptionId'
const one = `${subscription}/providers/Microsoft.KeyVault/locations/:location/deletedManagedHSMs/:name`
const on = ({ subscriptionId }: Params) => `/subscriptions/${subscriptionId}`

const list = operation({
  name: 'Microsoft.KeyVault/deletedManagedHsms/read',
  route: `GET ${subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/deletedManagedHsms/read', on },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    await existingSubscription(cx.store, cx.params.subscriptionId ?? '')
    return Response.json({ value: [] })
  },
})

const get = operation({
  name: 'Microsoft.KeyVault/locations/deletedManagedHsms/read',
  route: `GET ${one}`,
  access: { verb: 'read', action: 'Microsoft.KeyVault/locations/deletedManagedHsms/read', on },
  run: cx => notThere(cx),
})

const purge = operation({
  name: 'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action',
  route: `POST ${one}/purge`,
  access: { verb: 'action', action: 'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action', on },
  run: cx => notThere(cx),
})

function notThere({ url, params }: { url: URL; params: Params }): never {
  apiVersionOf(url, keyVaultVersions)
  throw resourceNotFound(resourceId(filled(one, params)))
}

export const deletedHsmOperations: readonly Operation[] = [list, get, purge]
