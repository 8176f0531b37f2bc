/** Vaults for programs, and what their clients have to know of the cloud. */

import { Agent } from 'node:https'
import { ResourceManagementClient } from '@azure/arm-resources'
import { administrator, claimsOf, clientOptions, resourceManager, subscriptionId, tenantId, unique } from './azure.ts'

const location = 'westeurope'
const ownCloud = process.env.LAZULI_URL

/** Not every system finds names below `localhost`; the name stays what it is for TLS and for the vault. */
const toLoopback = new Agent({
  lookup: (_name, options, found) => {
    const address = { address: '127.0.0.1', family: 4 }
    if (options.all) found(null, [address])
    else found(null, address.address, address.family)
  },
})

/** For clients of a vault. What they verify of its challenge stays on. */
export const vaultOptions =
  ownCloud === undefined
    ? {}
    : {
        additionalPolicies: [
          {
            position: 'perRetry' as const,
            policy: {
              name: 'toLoopback',
              sendRequest: (request: { agent?: unknown }, next: (request: never) => never) => {
                request.agent = toLoopback
                return next(request as never)
              },
            },
          },
        ],
      }

export const vaultUrl = (name: string): string => {
  if (ownCloud === undefined) return `https://${name}.vault.azure.net`
  return `https://${name}.vault.lazuli.localhost:${new URL(ownCloud).port}`
}

/** A vault that grants everything to the administrator by an access policy; returns its name. */
export async function newVault(properties: Record<string, unknown> = {}): Promise<string> {
  const { resourceGroups, resources } = new ResourceManagementClient(administrator, subscriptionId, clientOptions)
  const group = unique('vaults')
  await resourceGroups.createOrUpdate(group, { location })
  const token = await administrator.getToken(`${resourceManager}/.default`)
  const all = ['all', 'purge']
  const policy = {
    tenantId,
    objectId: claimsOf(token.token).oid,
    permissions: { keys: all, secrets: all, certificates: all },
  }
  const name = unique('v')
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.KeyVault/vaults/${name}`
  await resources.createOrUpdateById(id, '2023-07-01', {
    location,
    properties: { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [policy], ...properties },
  })
  return name
}
