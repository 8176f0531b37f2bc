import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { defineResource } from '../../arm/resource-type.ts'
import type { Reads } from '../../store/open.ts'
import type { ResourceBody } from '../../store/resources.ts'
import { addressBehind } from './addresses.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { dnsNameInvalid, dnsNameTaken, publicAddressInUse } from './refusals.ts'

const properties = z.looseObject({
  publicIPAllocationMethod: z.enum(['Static', 'Dynamic']).optional(),
  publicIPAddressVersion: z.enum(['IPv4', 'IPv6']).optional(),
  idleTimeoutInMinutes: z.number().optional(),
  dnsSettings: z.looseObject({ domainNameLabel: z.string().optional() }).optional(),
})

export const publicAddressType = 'Microsoft.Network/publicIPAddresses'

/**
 * The address under which the host reaches a machine, once an interface with this public address belongs to one: the
 * machine's own. The interface's ip configuration that holds it is kept in the row as `heldBy`.
 */
export const publicIPAddresses = defineResource<z.infer<typeof properties>>({
  type: publicAddressType,
  apiVersions: networkVersions,
  location: 'required',
  name: networkName,
  properties,

  async put({ tx, id, existing, body }) {
    const { ipAddress: _address, ipConfiguration: _holder, ...wish } = body.properties
    const { heldBy: _heldBy, location = '', ...envelope } = body
    const label = wish.dnsSettings?.domainNameLabel?.toLowerCase()
    if (label !== undefined) await checkLabel(tx, id, label, location)
    const fqdn = `${label}.${location}.cloudapp.azure.com`
    return {
      body: {
        sku: { name: 'Basic', tier: 'Regional' },
        ...envelope,
        location,
        ...(existing?.body.heldBy === undefined ? {} : { heldBy: existing.body.heldBy }),
        properties: {
          publicIPAllocationMethod: isStandard(body) ? 'Static' : 'Dynamic',
          publicIPAddressVersion: 'IPv4',
          idleTimeoutInMinutes: 4,
          ipTags: [],
          ...wish,
          ...(label === undefined ? {} : { dnsSettings: { ...wish.dnsSettings, domainNameLabel: label, fqdn } }),
          resourceGuid: existing?.body.properties.resourceGuid ?? randomUUID(),
          provisioningState: 'Succeeded',
        },
      },
    }
  },

  async remove({ id, existing }) {
    if (typeof existing.body.heldBy === 'string') throw publicAddressInUse(id.text, existing.body.heldBy)
    return {}
  },

  async render({ parts, resource: { body } }) {
    const { heldBy, ...rest } = body
    const isIPv4 = body.properties.publicIPAddressVersion === 'IPv4'
    const ipAddress = typeof heldBy === 'string' && isIPv4 ? await addressBehind(parts.store, heldBy) : undefined
    return {
      ...rest,
      properties: {
        ...rest.properties,
        ...(ipAddress === undefined ? {} : { ipAddress }),
        ...(heldBy === undefined ? {} : { ipConfiguration: { id: heldBy } }),
      },
    }
  },
})

const isStandard = ({ sku }: ResourceBody) =>
  String((sku as { name?: unknown } | undefined)?.name ?? '').toLowerCase() === 'standard'

const seeLabels = systemGrant('see whether a domain name label is taken')

async function checkLabel(reads: Pick<Reads, 'resources'>, id: ResourceId, label: string, location: string) {
  if (!/^[a-z][a-z\d-]{1,61}[a-z\d]$/.test(label)) throw dnsNameInvalid(label)
  const all = await reads.resources.ofType(seeLabels, publicAddressType)
  const taken = all.some(({ id: other, body }) => {
    const { dnsSettings } = properties.parse(body.properties)
    return other.key !== id.key && dnsSettings?.domainNameLabel === label && body.location === location
  })
  if (taken) throw dnsNameTaken(label, location)
}
