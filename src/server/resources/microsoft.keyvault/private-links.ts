import * as z from 'zod'
import { resourceId } from '../../../wire/resource-id.ts'
import { apiVersionOf } from '../../arm/api-version.ts'
import { resourceNotFound } from '../../arm/errors.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { operation, type Params } from '../../door/operation.ts'
import { filled } from '../../door/routes.ts'
import { keyVaultVersions } from './api-versions.ts'

const type = 'Microsoft.KeyVault/vaults/privateLinkResources'
const vault =
  '/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/Microsoft.KeyVault/vaults/:name'
const vaultOf = (params: Params) => resourceId(filled(vault, params))

/** What of a vault a private endpoint could lead to: the whole. */
export const privateLinkResources = operation({
  name: `${type}/read`,
  route: `GET ${vault}/privateLinkResources`,
  access: { verb: 'read', action: `${type}/read`, on: params => vaultOf(params).text },
  async run(cx) {
    apiVersionOf(cx.url, keyVaultVersions)
    const id = vaultOf(cx.params)
    const there = await cx.store.resources.get(cx.grant, id)
    if (!there) throw resourceNotFound(id)
    const properties = {
      groupId: 'vault',
      requiredMembers: ['default'],
      requiredZoneNames: ['privatelink.vaultcore.azure.net'],
    }
    return Response.json({
      value: [{ id: `${there.id.text}/privateLinkResources/vault`, name: 'vault', type, properties }],
    })
  },
})

/** Connections are made by private endpoints, of which there are none; a PUT only says yes or no to one that is there. */
export const privateEndpointConnections = defineResource({
  type: 'Microsoft.KeyVault/vaults/privateEndpointConnections',
  apiVersions: keyVaultVersions,
  location: 'none',
  properties: z.looseObject({}),
  put({ id }) {
    throw resourceNotFound(id)
  },
})
