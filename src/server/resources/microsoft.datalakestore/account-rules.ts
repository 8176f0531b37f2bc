import { isIPv4 } from 'node:net'
import * as z from 'zod'
import { defineResource } from '../../arm/resource-type.ts'
import { dataLakeVersions } from './api-versions.ts'
import { badRequest } from './errors.ts'

const name = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/,
  rule: 'The name must have 1 to 80 letters, digits, periods, hyphens and underscores, and begin with a letter or digit.',
}

const range = z.looseObject({ startIpAddress: z.string(), endIpAddress: z.string() })
const order = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

/** Whom an account's firewall admits, when it is on. */
export const dataLakeFirewallRules = defineResource<z.infer<typeof range>>({
  type: 'Microsoft.DataLakeStore/accounts/firewallRules',
  apiVersions: dataLakeVersions,
  location: 'none',
  createdStatus: 200,
  name,
  properties: range,
  put({ body }) {
    const { startIpAddress, endIpAddress } = body.properties
    if (!isIPv4(startIpAddress) || !isIPv4(endIpAddress) || order(startIpAddress) > order(endIpAddress)) {
      throw badRequest('A firewall rule has a first and a last IPv4 address, in this order.')
    }
    return { body: { properties: { startIpAddress, endIpAddress } } }
  },
  render: ({ resource: { body } }) => ({ etag: undefined, properties: body.properties }),
})

const network = z.looseObject({ subnetId: z.string().regex(/\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i) })

/** Kept for those who set them; networks of machines are admitted by `firewallAllowAzureIps`. */
export const dataLakeNetworkRules = defineResource<z.infer<typeof network>>({
  type: 'Microsoft.DataLakeStore/accounts/virtualNetworkRules',
  apiVersions: dataLakeVersions,
  location: 'none',
  createdStatus: 200,
  name,
  properties: network,
  put: ({ body }) => ({ body: { properties: { subnetId: body.properties.subnetId } } }),
  render: ({ resource: { body } }) => ({ etag: undefined, properties: body.properties }),
})

const provider = z.looseObject({ idProvider: z.url({ protocol: /^https$/ }) })

/** Kept for those who set them. Whose tokens are good is decided by the directory alone. */
export const dataLakeIdProviders = defineResource<z.infer<typeof provider>>({
  type: 'Microsoft.DataLakeStore/accounts/trustedIdProviders',
  apiVersions: dataLakeVersions,
  location: 'none',
  createdStatus: 200,
  name,
  properties: provider,
  put: ({ body }) => ({ body: { properties: { idProvider: body.properties.idProvider } } }),
  render: ({ resource: { body } }) => ({ etag: undefined, properties: body.properties }),
})
