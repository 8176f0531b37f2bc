import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { checked } from '../../arm/envelope.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { childrenOf, putChildren, shownChild } from './embedded-children.ts'
import { checkPrefix, checkSubnet, checkUnused, subnetProperties, subnetsToJoin } from './subnets.ts'
import { ipConfigurationId, subnetType, usersOfSubnets } from './usage.ts'

const properties = z.looseObject({
  addressSpace: z.looseObject({ addressPrefixes: z.array(z.string()).min(1) }),
  subnets: z
    .array(z.looseObject({ name: z.string().optional(), properties: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
})

export const virtualNetworks = defineResource<z.infer<typeof properties>>({
  type: 'Microsoft.Network/virtualNetworks',
  apiVersions: networkVersions,
  location: 'required',
  name: networkName,
  properties,
  linked: ({ properties: { subnets } }) =>
    (Array.isArray(subnets) ? subnets : []).flatMap(subnet => subnetsToJoin(subnet, undefined)),

  async put(change) {
    const { tx, id, existing, body } = change
    const { subnets, ...rest } = body.properties
    const space = rest.addressSpace.addressPrefixes
    for (const prefix of space) checkPrefix(prefix, id.text)
    await putChildren(change, subnetType, subnets, {
      async put(childId, _existing, given) {
        const wish = checked(subnetProperties, given, 'properties.subnets.properties')
        await checkSubnet(tx, childId, wish, { space, others: [] })
        return { properties: { ...wish, provisioningState: 'Succeeded' } }
      },
      gone: child => checkUnused(tx, child.id),
    })
    const siblings = await childrenOf(tx, id, subnetType)
    for (const { id: subnet, body } of siblings) {
      const others = siblings.filter(one => one.id.key !== subnet.key)
      await checkSubnet(tx, subnet, subnetProperties.parse(body.properties), { space, others })
    }
    return {
      body: {
        ...body,
        properties: {
          enableDdosProtection: false,
          ...rest,
          resourceGuid: existing?.body.properties.resourceGuid ?? randomUUID(),
          provisioningState: 'Succeeded',
        },
      },
    }
  },

  async remove({ tx, id }) {
    for (const subnet of await childrenOf(tx, id, subnetType)) await checkUnused(tx, subnet.id)
    return {}
  },

  async render({ parts, resource: { id, body } }) {
    const subnets = await childrenOf(parts.store, id, subnetType)
    const users = await usersOfSubnets(parts.store, id)
    return {
      ...body,
      properties: {
        ...body.properties,
        subnets: subnets.map(subnet => {
          const shown = shownChild(subnet, subnetType)
          const here = users.filter(
            ({ configuration }) => configuration.properties.subnet?.id?.toLowerCase() === subnet.id.key,
          )
          const ipConfigurations = here.map(({ nic, configuration }) => ({ id: ipConfigurationId(nic, configuration) }))
          return { ...shown, properties: { ...shown.properties, ...(here.length > 0 ? { ipConfigurations } : {}) } }
        }),
        virtualNetworkPeerings: [],
      },
    }
  },
})
