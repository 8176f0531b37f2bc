import { BlockList, isIP } from 'node:net'
import { systemGrant } from '../../access/grant.ts'
import type { DataLakeAccount } from '../../store/data-lake-accounts.ts'
import type { Store } from '../../store/open.ts'

const seeRules = systemGrant('read the firewall rules of a Data Lake Store account')

/** What machines have, which stand for everything that runs in Azure. */
const azure = new BlockList()
azure.addSubnet('10.0.0.0', 8, 'ipv4')
azure.addSubnet('172.16.0.0', 12, 'ipv4')
azure.addSubnet('192.168.0.0', 16, 'ipv4')

/** Whether an account takes requests from an address: from any, unless its firewall is on. */
export async function firewallAdmits(
  { resources }: Pick<Store, 'resources'>,
  { id, rules }: DataLakeAccount,
  address: string,
): Promise<boolean> {
  if (!rules.firewall) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
  if (rules.azureAddresses && azure.check(plain, family)) return true
  const admitted = new BlockList()
  const type = 'Microsoft.DataLakeStore/accounts/firewallRules'
  for (const { body } of await resources.list(seeRules, { in: id, type }, { limit: 1000 })) {
    admitted.addRange(String(body.properties.startIpAddress), String(body.properties.endIpAddress), 'ipv4')
  }
  return admitted.check(plain, family)
}
