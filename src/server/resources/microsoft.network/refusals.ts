import { AzureError } from '../../errors.ts'

/** What the network provider says no with, in its own words. It answers 400 where others answer 409. */

const refusal = (code: string, message: string) => new AzureError(400, code, message, { extra: { details: [] } })

export const invalidResourceReference = (missing: string, by: string) =>
  refusal(
    'InvalidResourceReference',
    `Resource ${missing} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  )

export const invalidRequestFormat = (detail: string) =>
  refusal('InvalidRequestFormat', `Cannot parse the request. ${detail}`)

export const invalidAddressPrefix = (prefix: string, of: string) =>
  refusal(
    'InvalidAddressPrefixFormat',
    `Address prefix ${prefix} of resource ${of} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
  )

export const subnetOutside = (subnet: string, network: string) =>
  refusal(
    'NetcfgSubnetRangeOutsideVnet',
    `Subnet '${subnet}' is not valid because its IP address range is outside the IP address range of virtual network '${network}'.`,
  )

export const subnetsOverlap = (subnet: string, network: string) =>
  refusal(
    'NetcfgSubnetRangesOverlap',
    `Subnet '${subnet}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '${network}'.`,
  )

export const subnetInUse = (subnet: string, by: string) =>
  refusal(
    'InUseSubnetCannotBeDeleted',
    `Subnet ${subnet} is in use by ${by} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  )

export const interfaceInUse = (nic: string, by: string) =>
  refusal(
    'NicInUse',
    `Network Interface ${nic} is used by existing resource ${by}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
  )

export const interfaceTaken = (nic: string, by: string) =>
  refusal('NicInUse', `Network Interface ${nic} is used by existing resource ${by}, and cannot be used by another one.`)

export const publicAddressInUse = (address: string, by: string) =>
  refusal(
    'PublicIPAddressCannotBeDeleted',
    `Public IP address ${address} can not be deleted since it is still allocated to resource ${by}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.`,
  )

export const publicAddressTaken = (address: string, wantedBy: string, heldBy: string) =>
  refusal(
    'PublicIPAddressInUse',
    `Resource ${wantedBy} is referencing public IP address ${address} that is already allocated to resource ${heldBy}.`,
  )

export const securityGroupInUse = (group: string, by: readonly string[]) =>
  refusal(
    'InUseNetworkSecurityGroupCannotBeDeleted',
    `Network security group ${group} cannot be deleted because it is in use by the following resources: ${by.join(', ')}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.`,
  )

export const rulePriorityConflict = (rule: string, other: string) =>
  refusal(
    'SecurityRuleConflict',
    `Security rule ${rule} conflicts with rule ${other}. Rules cannot have the same Priority and Direction. To learn more, see https://aka.ms/nsgrules.`,
  )

export const ruleParameterInvalid = (rule: string, parameter: string, value: string) =>
  refusal(
    'SecurityRuleInvalidParameter',
    `Security rule parameter ${parameter} for rule ${rule} has invalid value '${value}'. To learn more, see https://aka.ms/nsgrules.`,
  )

export const tooManyInterfaces = (machine: string, size: string, count: number) =>
  new AzureError(
    409,
    'OperationNotAllowed',
    `The number of network interfaces for virtual machine ${machine} exceeds the maximum allowed for the virtual machine size ${size}. The number of network interfaces is ${count} and the maximum allowed is 1.`,
  )

export const dnsNameTaken = (label: string, location: string) =>
  refusal('DnsRecordInUse', `DNS record ${label}.${location}.cloudapp.azure.com is already used by another public IP.`)

export const dnsNameInvalid = (label: string) =>
  refusal(
    'InvalidDomainNameLabel',
    `The domain name label ${label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.`,
  )
