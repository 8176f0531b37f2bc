import * as z from 'zod'
import { systemGrant } from '../../access/grant.ts'
import type { Store } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import type { PacketFilter } from '../driver.ts'
import { machineFactsOf, vmIdOf } from '../facts.ts'
import { type Network, packetRules } from './packet-rules.ts'
import { addressRange, type Ranges } from './ranges.ts'
import { type SecurityRule, securityRule } from './rules.ts'

const decideAboutPackets = systemGrant('find out which packets the security groups of machines let through')

const text = z.string().optional()
const named = z.object({ id: text }).optional()
const vmShape = z.object({
  networkProfile: z.object({ networkInterfaces: z.array(z.object({ id: text })).optional() }).optional(),
})
const nicShape = z.object({
  networkSecurityGroup: named,
  ipConfigurations: z.array(z.object({ properties: z.object({ subnet: named }) })).optional(),
})
const subnetShape = z.object({
  addressPrefix: text,
  addressPrefixes: z.array(z.string()).optional(),
  networkSecurityGroup: named,
})

type Placed = { readonly vm: Resource; readonly subnet: string; readonly groups: readonly string[] }

/**
 * What the security groups of all machines mean for packets: those of a machine's subnet and of its interface must both
 * let a packet through. Machines without either are not among the answers: anything reaches them.
 */
export async function packetFilters({ resources }: Pick<Store, 'resources'>): Promise<PacketFilter[]> {
  const [vms, nics, subnets, rules] = await Promise.all(
    [
      'Microsoft.Compute/virtualMachines',
      'Microsoft.Network/networkInterfaces',
      'Microsoft.Network/virtualNetworks/subnets',
      'Microsoft.Network/networkSecurityGroups/securityRules',
    ].map(type => resources.ofType(decideAboutPackets, type)),
  )
  const nicByKey = byKey(nics)
  const subnetByKey = byKey(subnets)
  const placed = (vms ?? []).flatMap(vm => place(vm, nicByKey, subnetByKey))
  const rulesOf = rulesByGroup(rules ?? [])
  return placed
    .filter(({ groups }) => groups.length > 0)
    .map(({ vm, subnet, groups }) => {
      const network = networkAround(subnet, placed, subnetByKey)
      const both = (direction: 'inbound' | 'outbound') =>
        groups.map(group => packetRules(rulesOf.get(group) ?? [], direction, network))
      return { id: vmIdOf(vm), inbound: both('inbound'), outbound: both('outbound') }
    })
}

const byKey = (resources: readonly Resource[] = []) => new Map(resources.map(one => [one.id.key, one]))

/** Undefined parts are left out: a machine need not have an interface here. */
function place(vm: Resource, nics: Map<string, Resource>, subnets: Map<string, Resource>): Placed[] {
  const [first] = vmShape.parse(vm.body.properties).networkProfile?.networkInterfaces ?? []
  const nic = nics.get(first?.id?.trim().toLowerCase() ?? '')
  // A machine that is being deleted names its interface until it is gone; the interface knows better.
  if (!nic || String(nic.body.attachedTo).toLowerCase() !== vm.id.key) return []
  const { networkSecurityGroup, ipConfigurations = [] } = nicShape.parse(nic.body.properties)
  const subnet = ipConfigurations[0]?.properties.subnet?.id?.trim().toLowerCase() ?? ''
  const around = subnets.get(subnet)
  const ofSubnet = around && subnetShape.parse(around.body.properties).networkSecurityGroup
  const groups = [ofSubnet?.id, networkSecurityGroup?.id].flatMap(id => (id ? [id.trim().toLowerCase()] : []))
  return [{ vm, subnet, groups }]
}

function rulesByGroup(rules: readonly Resource[]): Map<string, SecurityRule[]> {
  const found = new Map<string, SecurityRule[]>()
  for (const { id, body } of rules) {
    if (body.properties.provisioningState === 'Deleting') continue
    const group = id.container.toLowerCase()
    found.set(group, [...(found.get(group) ?? []), securityRule.parse(body.properties)])
  }
  return found
}

const networkOf = (subnet: string) => subnet.slice(0, subnet.lastIndexOf('/subnets/'))

function networkAround(subnet: string, placed: readonly Placed[], subnets: Map<string, Resource>): Network {
  const inNetwork = placed.filter(one => networkOf(one.subnet) === networkOf(subnet))
  const declared = [...subnets.values()].filter(one => networkOf(one.id.key) === networkOf(subnet))
  return {
    members: inNetwork.flatMap(addressOf),
    subnets: declared.flatMap(one => {
      const { addressPrefix, addressPrefixes = [] } = subnetShape.parse(one.body.properties)
      const members = inNetwork.filter(other => other.subnet === one.id.key).flatMap(addressOf)
      return (addressPrefix === undefined ? addressPrefixes : [addressPrefix]).map(prefix => ({ prefix, members }))
    }),
  }
}

function addressOf({ vm }: Placed): Ranges {
  const range = addressRange(machineFactsOf(vm)?.address ?? '')
  return range ? [range] : []
}
