import { parseResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { View } from '../../arm/resource-type.ts'
import type { MachineFacts } from '../../machines/driver.ts'
import type { Resource } from '../../store/resources.ts'
import { machineBehind } from './addresses.ts'
import { publicIPAddresses } from './public-ip-addresses.ts'
import { type IpConfiguration, interfaceType, ipConfigurationId, ipConfigurationsOf, machineOf } from './usage.ts'

const expandReferences = systemGrant('show what an interface names in place of its id')

/** An interface with the address and the MAC of its machine, which it has as long as it belongs to one. */
export async function renderInterface(view: View): Promise<Record<string, unknown>> {
  const { parts, resource, expand } = view
  const { attachedTo: _attachedTo, ...rest } = resource.body
  const facts = await machineBehind(parts.store, resource)
  const machine = machineOf(resource)
  const configurations = ipConfigurationsOf(resource).map(async configuration => {
    const shown = shownConfiguration(resource, configuration, facts)
    const address = configuration.properties.publicIPAddress
    if (!address || !expand.includes('ipconfigurations/publicipaddress')) return shown
    return { ...shown, properties: { ...shown.properties, publicIPAddress: await expanded(view, address) } }
  })
  return {
    ...rest,
    properties: {
      ...rest.properties,
      ipConfigurations: await Promise.all(configurations),
      dnsSettings: { dnsServers: [], appliedDnsServers: [] },
      ...(facts ? { macAddress: facts.macAddress.replaceAll(':', '-').toUpperCase() } : {}),
      ...(machine === undefined ? {} : { primary: true, virtualMachine: { id: machine } }),
      vnetEncryptionSupported: false,
      hostedWorkloads: [],
      tapConfigurations: [],
      nicType: 'Standard',
    },
  }
}

function shownConfiguration(nic: Resource, configuration: IpConfiguration, facts: MachineFacts | undefined) {
  const { privateIPAddress: _wished, ...properties } = configuration.properties
  return {
    name: configuration.name,
    id: ipConfigurationId(nic, configuration),
    etag: `"${nic.etag}"`,
    type: `${interfaceType}/ipConfigurations`,
    properties: {
      provisioningState: 'Succeeded',
      ...properties,
      // Addresses are the machine network's to give: a wish for another one is not shown as if it had been granted.
      ...(facts && properties.primary !== false ? { privateIPAddress: facts.address } : {}),
    },
  }
}

async function expanded({ parts, apiVersion, url }: View, named: { readonly id?: string }) {
  const id = parseResourceId(named.id ?? '')
  const resource = id && (await parts.store.resources.get(expandReferences, id))
  if (!resource) return named
  const body = await publicIPAddresses.render?.({ parts, resource, apiVersion, expand: [], url })
  return { id: resource.id.text, name: resource.id.name, etag: `"${resource.etag}"`, ...body }
}
