import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { defineResource } from '../../arm/resource-type.ts'
import type { ResourceBody } from '../../store/resources.ts'
import { networkName, networkVersions } from './api-versions.ts'
import { renderInterface } from './interface-view.ts'
import { giveBackPublicAddresses, takePublicAddresses } from './public-address-holders.ts'
import { newlyNamed, reference, referenced } from './references.ts'
import { interfaceInUse, invalidRequestFormat } from './refusals.ts'
import { type IpConfiguration, interfaceType, machineOf, subnetType } from './usage.ts'

const ipConfiguration = z.looseObject({
  name: z.string().min(1),
  properties: z.looseObject({
    primary: z.boolean().optional(),
    subnet: reference.optional(),
    publicIPAddress: reference.optional(),
    privateIPAllocationMethod: z.enum(['Static', 'Dynamic']).optional(),
    privateIPAddress: z.string().optional(),
    privateIPAddressVersion: z.enum(['IPv4', 'IPv6']).optional(),
  }),
})

const properties = z.looseObject({
  ipConfigurations: z.array(ipConfiguration).min(1),
  networkSecurityGroup: reference.optional(),
})
type InterfaceProperties = z.infer<typeof properties>

/** The interface of a machine. To which one it belongs is kept in the row as `attachedTo`; the machine decides it. */
export const networkInterfaces = defineResource<InterfaceProperties>({
  type: interfaceType,
  apiVersions: networkVersions,
  location: 'required',
  name: networkName,
  properties,

  linked({ properties: wish }, existing) {
    const before = namedIn(existing?.body.properties)
    const wanted = namedIn(wish)
    return [
      ...newlyNamed('Microsoft.Network/virtualNetworks/subnets/join/action', wanted.subnets, before.subnets),
      ...newlyNamed('Microsoft.Network/publicIPAddresses/join/action', wanted.addresses, before.addresses),
      ...newlyNamed('Microsoft.Network/networkSecurityGroups/join/action', wanted.groups, before.groups),
    ]
  },

  async put(change) {
    const { tx, id, existing, body } = change
    const { ipConfigurations, networkSecurityGroup, ...rest } = body.properties
    const names = ipConfigurations.map(({ name }) => name.toLowerCase())
    if (new Set(names).size < names.length) {
      throw invalidRequestFormat(`Two ip configurations of resource ${id.text} have the same name.`)
    }
    for (const { properties } of ipConfigurations) {
      await referenced(tx, { id: properties.subnet?.id ?? '', type: subnetType }, id)
    }
    if (networkSecurityGroup?.id) {
      const type = 'Microsoft.Network/networkSecurityGroups'
      await referenced(tx, { id: networkSecurityGroup.id, type }, id)
    }
    const configurations = ipConfigurations.map((configuration, at) => storedConfiguration(configuration, at === 0))
    await takePublicAddresses(tx, id, configurations, existing)
    const { attachedTo: _attachedTo, ...envelope } = body
    const { virtualMachine: _machine, macAddress: _mac, ...wish } = rest
    const attachedTo = existing && machineOf(existing)
    const isFelt = attachedTo !== undefined
    return {
      body: {
        ...envelope,
        ...(isFelt ? { attachedTo } : {}),
        properties: {
          enableAcceleratedNetworking: false,
          enableIPForwarding: false,
          ...wish,
          ipConfigurations: configurations,
          ...(networkSecurityGroup?.id ? { networkSecurityGroup } : {}),
          resourceGuid: existing?.body.properties.resourceGuid ?? randomUUID(),
          provisioningState: isFelt ? 'Updating' : 'Succeeded',
        },
      } as ResourceBody,
      ...(isFelt ? { work: {} } : {}),
    }
  },

  async remove({ tx, id, existing }) {
    const machine = machineOf(existing)
    if (machine !== undefined) throw interfaceInUse(id.text, machine)
    await giveBackPublicAddresses(tx, existing)
    return {}
  },

  work: { write: ({ machines }) => machines.filterPackets() },

  render: renderInterface,
})

/** Members that a client has read and sends back are not its to set. */
function storedConfiguration({ name, properties }: z.infer<typeof ipConfiguration>, isFirst: boolean): IpConfiguration {
  const { provisioningState: _state, ...wish } = properties
  return {
    name,
    properties: {
      privateIPAllocationMethod: 'Dynamic',
      privateIPAddressVersion: 'IPv4',
      primary: isFirst,
      ...wish,
    },
  } as IpConfiguration
}

/** Also of a body that has not been checked yet. */
function namedIn(wish: Readonly<Record<string, unknown>> | undefined) {
  const { data } = properties.safeParse(wish)
  const configurations = data?.ipConfigurations ?? []
  return {
    subnets: configurations.map(({ properties }) => properties.subnet?.id),
    addresses: configurations.map(({ properties }) => properties.publicIPAddress?.id),
    groups: [data?.networkSecurityGroup?.id],
  }
}
