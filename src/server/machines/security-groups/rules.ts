import * as z from 'zod'

/** A rule of a network security group, as Azure spells it; one and many of a thing are two members there. */
export const securityRule = z.looseObject({
  protocol: z.string(),
  access: z.string(),
  direction: z.string(),
  priority: z.number(),
  sourceAddressPrefix: z.string().optional(),
  sourceAddressPrefixes: z.array(z.string()).optional(),
  sourcePortRange: z.string().optional(),
  sourcePortRanges: z.array(z.string()).optional(),
  destinationAddressPrefix: z.string().optional(),
  destinationAddressPrefixes: z.array(z.string()).optional(),
  destinationPortRange: z.string().optional(),
  destinationPortRanges: z.array(z.string()).optional(),
})
export type SecurityRule = z.infer<typeof securityRule>

type DefaultRule = SecurityRule & { readonly name: string; readonly description: string }

const rule = (
  [name, description]: readonly [string, string],
  [priority, access, direction]: readonly [number, 'Allow' | 'Deny', 'Inbound' | 'Outbound'],
  [from, to]: readonly [string, string],
): DefaultRule => ({
  name,
  description,
  protocol: '*',
  sourcePortRange: '*',
  destinationPortRange: '*',
  sourceAddressPrefix: from,
  destinationAddressPrefix: to,
  access,
  priority,
  direction,
  sourcePortRanges: [],
  destinationPortRanges: [],
  sourceAddressPrefixes: [],
  destinationAddressPrefixes: [],
})

/** What every security group has without being asked, after its own rules. */
export const defaultRules: readonly DefaultRule[] = [
  rule(
    ['AllowVnetInBound', 'Allow inbound traffic from all VMs in VNET'],
    [65000, 'Allow', 'Inbound'],
    ['VirtualNetwork', 'VirtualNetwork'],
  ),
  rule(
    ['AllowAzureLoadBalancerInBound', 'Allow inbound traffic from azure load balancer'],
    [65001, 'Allow', 'Inbound'],
    ['AzureLoadBalancer', '*'],
  ),
  rule(['DenyAllInBound', 'Deny all inbound traffic'], [65500, 'Deny', 'Inbound'], ['*', '*']),
  rule(
    ['AllowVnetOutBound', 'Allow outbound traffic from all VMs to all VMs in VNET'],
    [65000, 'Allow', 'Outbound'],
    ['VirtualNetwork', 'VirtualNetwork'],
  ),
  rule(
    ['AllowInternetOutBound', 'Allow outbound traffic from all VMs to Internet'],
    [65001, 'Allow', 'Outbound'],
    ['*', 'Internet'],
  ),
  rule(['DenyAllOutBound', 'Deny all outbound traffic'], [65500, 'Deny', 'Outbound'], ['*', '*']),
]
