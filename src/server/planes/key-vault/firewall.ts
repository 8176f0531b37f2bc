import { BlockList, isIPv6 } from 'node:net'
import type { AzureError } from '../../errors.ts'
import type { VaultProperties } from '../../vaults/properties.ts'
import { forbidden } from '../../vaults/refusals.ts'

/**
 * Which addresses may ask. Rules for subnets of virtual networks let nobody in: a connection does not say which network
 * it comes from, and the addresses of one are also those of another.
 */
export function refusedByFirewall(
  { networkAcls, publicNetworkAccess }: Pick<VaultProperties, 'networkAcls' | 'publicNetworkAccess'>,
  address: string,
  about: () => string,
): AzureError | undefined {
  if (publicNetworkAccess?.toLowerCase() === 'disabled') {
    return forbidden(
      `Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\n${about()}`,
      'ForbiddenByConnection',
    )
  }
  if (networkAcls?.defaultAction !== 'Deny') return undefined
  const from = plainAddress(address)
  if (isAmong(from, networkAcls.ipRules ?? [])) return undefined
  return forbidden(
    `Client address is not authorized and caller is not a trusted service.\r\nClient address: ${from}\r\n${about()}`,
    'ForbiddenByFirewall',
  )
}

/** A socket for both families shows IPv4 addresses in IPv6's form. */
const plainAddress = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '')

function isAmong(address: string, rules: readonly { value: string }[]): boolean {
  if (address === '' || isIPv6(address)) return false
  const allowed = new BlockList()
  for (const { value } of rules) {
    const [network = '', prefix = '32'] = value.split('/')
    allowed.addSubnet(network, Number(prefix))
  }
  return allowed.check(address)
}
