import { type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { isSameId } from './references.ts'

/** Who uses what of a network. An interface names what it uses, so this asks the interfaces. */

const findUsers = systemGrant('find out what uses a part of a network')

type Named = { readonly id?: string }
export type IpConfiguration = {
  readonly name: string
  readonly properties: {
    readonly primary?: boolean
    readonly subnet?: Named
    readonly publicIPAddress?: Named & { readonly properties?: { readonly deleteOption?: string } }
    readonly privateIPAddress?: string
    readonly [member: string]: unknown
  }
}

export const interfaceType = 'Microsoft.Network/networkInterfaces'
export const subnetType = 'Microsoft.Network/virtualNetworks/subnets'

export const ipConfigurationsOf = ({ body }: Pick<Resource, 'body'>): IpConfiguration[] =>
  (body.properties.ipConfigurations ?? []) as IpConfiguration[]

export const ipConfigurationId = ({ id }: Pick<Resource, 'id'>, { name }: IpConfiguration): string =>
  `${id.text}/ipConfigurations/${name}`

/** The machine that an interface belongs to, by id. */
export const machineOf = ({ body }: Pick<Resource, 'body'>): string | undefined => body.attachedTo as string | undefined

export const securityGroupOf = ({ body }: Pick<Resource, 'body'>): string | undefined =>
  (body.properties.networkSecurityGroup as Named | undefined)?.id

export type SubnetUser = { readonly nic: Resource; readonly configuration: IpConfiguration }

/** The addresses that lie in each subnet of a virtual network, or in one subnet. */
export async function usersOfSubnets(reads: Pick<Reads, 'resources'>, within: ResourceId): Promise<SubnetUser[]> {
  const nics = await reads.resources.ofType(findUsers, interfaceType)
  return nics.flatMap(nic =>
    ipConfigurationsOf(nic).flatMap(configuration => {
      const subnet = configuration.properties.subnet?.id?.toLowerCase() ?? ''
      return subnet === within.key || subnet.startsWith(`${within.key}/`) ? [{ nic, configuration }] : []
    }),
  )
}

export type SecurityGroupUsers = { readonly nics: readonly Resource[]; readonly subnets: readonly Resource[] }

export async function usersOfSecurityGroup(
  { resources }: Pick<Reads, 'resources'>,
  { text }: ResourceId,
): Promise<SecurityGroupUsers> {
  const uses = (resource: Resource) => isSameId(securityGroupOf(resource), text)
  const [nics, subnets] = [
    await resources.ofType(findUsers, interfaceType),
    await resources.ofType(findUsers, subnetType),
  ]
  return { nics: nics.filter(uses), subnets: subnets.filter(uses) }
}

/** Whether a security group decides about any machine, so that a change of it has something to be carried out. */
export async function decidesAboutMachines(reads: Pick<Reads, 'resources'>, group: ResourceId): Promise<boolean> {
  const { nics, subnets } = await usersOfSecurityGroup(reads, group)
  if (nics.some(nic => machineOf(nic) !== undefined)) return true
  for (const subnet of subnets) if (await hasMachines(reads, resourceId(subnet.id.text))) return true
  return false
}

export async function hasMachines(reads: Pick<Reads, 'resources'>, subnet: ResourceId): Promise<boolean> {
  return (await usersOfSubnets(reads, subnet)).some(({ nic }) => machineOf(nic) !== undefined)
}
