import type { PacketFilter, PacketRule } from '../driver.ts'
import type { Run } from '../run.ts'
import { linkName } from './network.ts'
import type { Site } from './site.ts'
import { formatAddress } from './subnets.ts'

/**
 * The filters of machines, for nft. They have a table of their own before that of the firewall: what a filter drops is
 * gone, what it lets through is still the firewall's to refuse. As on Azure, packets of connections that were let
 * through before a change still pass, and what is refused is dropped without a word.
 */
export function packetFilterTable(filters: readonly PacketFilter[]): string {
  const chains = filters.flatMap(({ id, inbound, outbound }) => [
    chainsOf(`in_${linkName(id)}`, inbound),
    chainsOf(`out_${linkName(id)}`, outbound),
  ])
  const jumps = (prefix: string) =>
    filters.map(({ id }) => `"${linkName(id)}" : jump ${prefix}_${linkName(id)}`).join(', ')
  const forward = filters.length === 0 ? '' : `iifname vmap { ${jumps('out')} }\n    oifname vmap { ${jumps('in')} }`
  return `
table inet lazuli_packet_filters
delete table inet lazuli_packet_filters
table inet lazuli_packet_filters {
${chains.join('\n')}
  chain forward {
    type filter hook forward priority filter - 1; policy accept;
    ct state established,related accept
    ${forward}
  }
}
`
}

/** One chain that goes through all lists of rules; in each, the first rule that fits decides. */
function chainsOf(name: string, lists: readonly (readonly PacketRule[])[]): string {
  const lines = (rules: readonly PacketRule[]) => rules.flatMap(rule => statement(rule) ?? []).join('\n    ')
  const each = lists.map((rules, at) => `  chain ${name}_${at} {\n    ${lines(rules)}\n    drop\n  }`)
  const all = lists.map((_, at) => `    jump ${name}_${at}`).join('\n')
  return `${each.join('\n')}\n  chain ${name} {\n${all}\n  }`
}

type Range = readonly [first: number, last: number]

/** Undefined for a rule that no packet can fit. */
function statement(rule: PacketRule): string | undefined {
  const { protocol, sources, sourcePorts, destinations, destinationPorts, allows } = rule
  if ([sources, sourcePorts, destinations, destinationPorts].some(ranges => ranges.length === 0)) return undefined
  const addresses = [
    matched('ip saddr', sources, 2 ** 32 - 1, formatAddress),
    matched('ip daddr', destinations, 2 ** 32 - 1, formatAddress),
  ]
  const ports = [
    matched('th sport', sourcePorts, 65_535, String),
    matched('th dport', destinationPorts, 65_535, String),
  ]
  const withPorts = ports.some(port => port !== '')
  // Only these two have ports: a rule that names some is about no other protocol.
  const named = protocol === 'any' ? (withPorts ? 'meta l4proto { tcp, udp }' : '') : `meta l4proto ${protocol}`
  const hasPorts = protocol === 'any' || protocol === 'tcp' || protocol === 'udp'
  const parts = [...addresses, named, ...(hasPorts ? ports : []), allows ? 'return' : 'drop']
  return parts.filter(part => part !== '').join(' ')
}

function matched(what: string, ranges: readonly Range[], most: number, format: (value: number) => string): string {
  if (ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === most) return ''
  const elements = ranges.map(([first, last]) => (first === last ? format(first) : `${format(first)}-${format(last)}`))
  return `${what} { ${elements.join(', ')} }`
}

export async function applyPacketFilters(site: Site, filters: readonly PacketFilter[], run: Run): Promise<void> {
  await run('ip', ['netns', 'exec', site.network, 'nft', '-f', '-'], { stdin: packetFilterTable(filters) })
}
