import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { checked } from '../../arm/envelope.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { defaultRules, securityRule } from '../../machines/security-groups/rules.ts'
import type { Resource } from '../../store/resources.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { childrenOf, putChildren, shownChild } from './embedded-children.ts'
import { securityGroupInUse } from './refusals.ts'
import { checkedRule, ruleType } from './security-rules.ts'
import { decidesAboutMachines, usersOfSecurityGroup } from './usage.ts'

const properties = z.looseObject({
  securityRules: z
    .array(z.looseObject({ name: z.string().optional(), properties: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
})

const groupType = 'Microsoft.Network/networkSecurityGroups'

export const networkSecurityGroups = defineResource<z.infer<typeof properties>>({
  type: groupType,
  apiVersions: networkVersions,
  location: 'required',
  name: networkName,
  properties,

  async put(change) {
    const { tx, id, existing, body } = change
    const { securityRules, ...rest } = body.properties
    const put: Pick<Resource, 'id' | 'body'>[] = []
    await putChildren(change, ruleType, securityRules, {
      async put(childId, _existing, given) {
        const wish = checked(securityRule, given, 'properties.securityRules.properties')
        const body = { properties: { ...checkedRule(childId, wish, put), provisioningState: 'Succeeded' } }
        put.push({ id: childId, body })
        return body
      },
      gone: async () => undefined,
    })
    const { defaultSecurityRules: _ours, networkInterfaces: _nics, subnets: _subnets, ...kept } = rest
    const isFelt = existing !== undefined && (await decidesAboutMachines(tx, id))
    const resourceGuid = existing?.body.properties.resourceGuid ?? randomUUID()
    const provisioningState = isFelt ? 'Updating' : 'Succeeded'
    return {
      body: { ...body, properties: { ...kept, resourceGuid, provisioningState } },
      ...(isFelt ? { work: {} } : {}),
    }
  },

  async remove({ tx, id }) {
    const { nics, subnets } = await usersOfSecurityGroup(tx, id)
    const users = [...nics, ...subnets].map(user => user.id.text)
    if (users.length > 0) throw securityGroupInUse(id.text, users)
    return {}
  },

  work: { write: ({ machines }) => machines.filterPackets() },

  async render({ parts, resource: { id, etag, body } }) {
    const rules = await childrenOf(parts.store, id, ruleType)
    const { nics, subnets } = await usersOfSecurityGroup(parts.store, id)
    const named = (users: readonly Resource[]) => users.map(user => ({ id: user.id.text }))
    return {
      ...body,
      properties: {
        ...body.properties,
        securityRules: rules.map(rule => shownChild(rule, ruleType)),
        defaultSecurityRules: defaultRules.map(({ name, ...rule }) => ({
          name,
          id: `${id.text}/defaultSecurityRules/${name}`,
          etag: `"${etag}"`,
          type: `${groupType}/defaultSecurityRules`,
          properties: { provisioningState: 'Succeeded', ...rule },
        })),
        ...(nics.length > 0 ? { networkInterfaces: named(nics) } : {}),
        ...(subnets.length > 0 ? { subnets: named(subnets) } : {}),
      },
    }
  },
})
