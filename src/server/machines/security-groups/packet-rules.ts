import type { PacketRule } from '../driver.ts'
import { addressRange, everyAddress, otherAddresses, portRange, type Ranges, united } from './ranges.ts'
import { defaultRules, type SecurityRule } from './rules.ts'

/** A virtual network as it really is here. */
export type Network = {
  /** The addresses of its machines. */
  readonly members: Ranges
  /** Each declared prefix of a subnet, with the addresses that the machines in it really have. */
  readonly subnets: readonly { readonly prefix: string; readonly members: Ranges }[]
}

/** Azure's platform, which probes for the load balancer. */
const platform = '168.63.129.16'

/** The rules of a security group for one direction, in the order in which the first that fits decides. */
export function packetRules(
  own: readonly SecurityRule[],
  direction: 'inbound' | 'outbound',
  network: Network,
): PacketRule[] {
  return [...own.toSorted((a, b) => a.priority - b.priority), ...defaultRules]
    .filter(rule => rule.direction.toLowerCase() === direction)
    .map(rule => ({
      allows: rule.access.toLowerCase() === 'allow',
      protocol: rule.protocol === '*' ? 'any' : rule.protocol.toLowerCase(),
      sources: addresses(many(rule.sourceAddressPrefix, rule.sourceAddressPrefixes), network),
      sourcePorts: ports(many(rule.sourcePortRange, rule.sourcePortRanges)),
      destinations: addresses(many(rule.destinationAddressPrefix, rule.destinationAddressPrefixes), network),
      destinationPorts: ports(many(rule.destinationPortRange, rule.destinationPortRanges)),
    }))
}

const many = (one: string | undefined, several: readonly string[] = []) => (several.length > 0 ? several : [one ?? '*'])

const ports = (texts: readonly string[]): Ranges =>
  united(texts.flatMap(text => text.split(',')).flatMap(text => asList(portRange(text))))

const addresses = (texts: readonly string[], network: Network): Ranges =>
  united(texts.flatMap(text => text.split(',')).flatMap(text => addressesOf(text.trim(), network)))

const asList = (range: Ranges[number] | undefined): Ranges => (range ? [range] : [])

function addressesOf(prefix: string, { members, subnets }: Network): Ranges {
  switch (prefix.toLowerCase()) {
    case '*':
    case 'any':
      return everyAddress
    case 'virtualnetwork':
      return members
    case 'internet':
      return otherAddresses(members)
    case 'azureloadbalancer':
      return asList(addressRange(platform))
    default: {
      const range = addressRange(prefix)
      if (!range) return []
      // Machines have other addresses than their subnet declares: a prefix means those whose subnet lies in it, too.
      const meant = subnets.filter(subnet => {
        const declared = addressRange(subnet.prefix)
        return declared !== undefined && declared[0] >= range[0] && declared[1] <= range[1]
      })
      return [range, ...meant.flatMap(subnet => subnet.members)]
    }
  }
}
