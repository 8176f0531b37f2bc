import * as z from 'zod'
import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { overlap, parseCidr } from '../../machines/sandbox/subnets.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { childrenOf } from './embedded-children.ts'
import { newlyNamed, reference, referenced } from './references.ts'
import * as refusals from './refusals.ts'
import { hasMachines, ipConfigurationId, subnetType, usersOfSubnets } from './usage.ts'

export const subnetProperties = z.looseObject({
  addressPrefix: z.string().optional(),
  addressPrefixes: z.array(z.string()).optional(),
  networkSecurityGroup: reference.optional(),
})
export type SubnetProperties = z.infer<typeof subnetProperties>

const seeNetwork = systemGrant('see the address space that a subnet is to lie in')

export const subnets = defineResource<SubnetProperties>({
  type: subnetType,
  apiVersions: networkVersions,
  location: 'none',
  name: networkName,
  properties: subnetProperties,
  linked: subnetsToJoin,

  async put({ tx, id, existing, body }) {
    const network = await tx.resources.get(seeNetwork, resourceId(id.container))
    const siblings = await childrenOf(tx, resourceId(id.container), subnetType)
    const { addressSpace } = (network?.body.properties ?? {}) as { addressSpace?: { addressPrefixes?: string[] } }
    const others = siblings.filter(one => one.id.key !== id.key)
    await checkSubnet(tx, id, body.properties, { space: addressSpace?.addressPrefixes ?? [], others })
    const { ipConfigurations: _theirs, ...properties } = body.properties
    const isFelt = existing !== undefined && (await hasMachines(tx, id))
    return {
      body: { properties: { ...properties, provisioningState: isFelt ? 'Updating' : 'Succeeded' } },
      ...(isFelt ? { work: {} } : {}),
    }
  },

  async remove({ tx, id }) {
    await checkUnused(tx, id)
    return {}
  },

  // A security group of its own decides about the machines in it.
  work: { write: ({ machines }) => machines.filterPackets() },

  async render({ parts, resource: { id, body } }) {
    const users = await usersOfSubnets(parts.store, id)
    const ipConfigurations = users.map(({ nic, configuration }) => ({ id: ipConfigurationId(nic, configuration) }))
    return { properties: { ...body.properties, ...(users.length > 0 ? { ipConfigurations } : {}) } }
  },
})

/** Whoever puts a security group onto a subnet needs the right to join it. */
export function subnetsToJoin(
  { properties }: { properties?: Readonly<Record<string, unknown>> },
  existing: Pick<Resource, 'body'> | undefined,
) {
  const groupIn = (from: unknown) => (from as SubnetProperties | undefined)?.networkSecurityGroup?.id
  const action = 'Microsoft.Network/networkSecurityGroups/join/action'
  return newlyNamed(action, [groupIn(properties)], [groupIn(existing?.body.properties)])
}

type Around = { readonly space: readonly string[]; readonly others: readonly Resource[] }

/** Throws 400 for a subnet that has no place in its network, or names a security group that is not there. */
export async function checkSubnet(
  reads: Pick<Reads, 'resources'>,
  id: ResourceId,
  wish: SubnetProperties,
  { space, others }: Around,
): Promise<void> {
  const network = resourceId(id.container).name
  const prefixes = prefixesOf(wish)
  if (prefixes.length === 0) throw refusals.invalidRequestFormat(`Subnet ${id.text} has no address prefix.`)
  for (const prefix of prefixes) {
    checkPrefix(prefix, id.text)
    if (!isIPv4(prefix)) continue
    const range = parseCidr(prefix)
    const isInside = space
      .filter(isIPv4)
      .map(parseCidr)
      .some(outer => outer.prefixLength <= range.prefixLength && overlap(outer, range))
    if (!isInside) throw refusals.subnetOutside(id.name, network)
    const taken = others.flatMap(other => prefixesOf(subnetProperties.parse(other.body.properties)).filter(isIPv4))
    if (taken.some(other => overlap(parseCidr(other), range))) throw refusals.subnetsOverlap(id.name, network)
  }
  const group = wish.networkSecurityGroup?.id
  if (group) await referenced(reads, { id: group, type: 'Microsoft.Network/networkSecurityGroups' }, id)
}

const prefixesOf = ({ addressPrefix, addressPrefixes = [] }: SubnetProperties) =>
  addressPrefix === undefined ? addressPrefixes : [addressPrefix]

const isIPv4 = (prefix: string) => prefix.includes('.')

/** Throws 400 for what is no range of IPv4 or IPv6 addresses. */
export function checkPrefix(prefix: string, of: string): void {
  if (!z.union([z.cidrv4(), z.cidrv6()]).safeParse(prefix).success) throw refusals.invalidAddressPrefix(prefix, of)
}

export async function checkUnused(reads: Pick<Reads, 'resources'>, subnet: ResourceId): Promise<void> {
  const [user] = await usersOfSubnets(reads, subnet)
  if (user) throw refusals.subnetInUse(subnet.name, ipConfigurationId(user.nic, user.configuration))
}
