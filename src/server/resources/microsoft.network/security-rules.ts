import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { defineResource } from '../../arm/resource-type.ts'
import { addressRange, portRange } from '../../machines/security-groups/ranges.ts'
import { type SecurityRule, securityRule } from '../../machines/security-groups/rules.ts'
import type { Resource } from '../../store/resources.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { childrenOf } from './embedded-children.ts'
import * as refusals from './refusals.ts'
import { decidesAboutMachines } from './usage.ts'

export const ruleType = 'Microsoft.Network/networkSecurityGroups/securityRules'

export const securityRules = defineResource<SecurityRule>({
  type: ruleType,
  apiVersions: networkVersions,
  location: 'none',
  name: networkName,
  properties: securityRule,

  async put({ tx, id, body }) {
    const siblings = await childrenOf(tx, resourceId(id.container), ruleType)
    const others = siblings.filter(one => one.id.key !== id.key)
    const isFelt = await decidesAboutMachines(tx, resourceId(id.container))
    const properties = checkedRule(id, body.properties, others)
    return {
      body: { properties: { ...properties, provisioningState: isFelt ? 'Updating' : 'Succeeded' } },
      ...(isFelt ? { work: {} } : {}),
    }
  },

  async remove({ tx, id }) {
    return (await decidesAboutMachines(tx, resourceId(id.container))) ? { work: {} } : {}
  },

  work: {
    write: ({ machines }) => machines.filterPackets(),
    delete: ({ machines }) => machines.filterPackets(),
  },
})

const spelled = (word: string, ...known: readonly string[]) =>
  known.find(one => one.toLowerCase() === word.toLowerCase())

const tags = ['*', 'any', 'virtualnetwork', 'internet', 'azureloadbalancer']

/** A rule as Azure keeps it. Throws 400. `others` are the rules beside it. */
export function checkedRule(
  id: ResourceId,
  wish: SecurityRule,
  others: readonly Pick<Resource, 'id' | 'body'>[],
): SecurityRule {
  const invalid = (parameter: string, value: unknown) =>
    refusals.ruleParameterInvalid(id.name, parameter, String(value))
  const protocol = spelled(wish.protocol, '*', 'Tcp', 'Udp', 'Icmp', 'Esp', 'Ah')
  const access = spelled(wish.access, 'Allow', 'Deny')
  const direction = spelled(wish.direction, 'Inbound', 'Outbound')
  if (!protocol) throw invalid('Protocol', wish.protocol)
  if (!access) throw invalid('Access', wish.access)
  if (!direction) throw invalid('Direction', wish.direction)
  if (!Number.isInteger(wish.priority) || wish.priority < 100 || wish.priority > 4096)
    throw invalid('Priority', wish.priority)
  for (const side of ['source', 'destination'] as const) {
    const name = side === 'source' ? 'Source' : 'Destination'
    const prefixes = [wish[`${side}AddressPrefix`] ?? [], wish[`${side}AddressPrefixes`] ?? []].flat()
    const ports = [wish[`${side}PortRange`] ?? [], wish[`${side}PortRanges`] ?? []].flat()
    // Groups of applications and the address lists of Azure's services are not here: a rule that names one would not hold.
    const wrong = prefixes.find(
      prefix => !tags.includes(prefix.toLowerCase()) && !addressRange(prefix) && !isIPv6(prefix),
    )
    if (wrong !== undefined || prefixes.length === 0) throw invalid(`${name}AddressPrefix`, wrong ?? '')
    const wrongPort = ports.flatMap(port => port.split(',')).find(port => !portRange(port.trim()))
    if (wrongPort !== undefined || ports.length === 0) throw invalid(`${name}PortRange`, wrongPort ?? '')
  }
  const twin = others.find(
    ({ body }) =>
      body.properties.priority === wish.priority &&
      String(body.properties.direction).toLowerCase() === direction.toLowerCase(),
  )
  if (twin) throw refusals.rulePriorityConflict(id.name, twin.id.name)
  const lists = {
    sourcePortRanges: [],
    destinationPortRanges: [],
    sourceAddressPrefixes: [],
    destinationAddressPrefixes: [],
  }
  return { ...lists, ...wish, protocol, access, direction }
}

const isIPv6 = (prefix: string) => /^[\da-f:]*:[\da-f:.]*(\/\d{1,3})?$/i.test(prefix)
