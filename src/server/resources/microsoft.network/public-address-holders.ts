import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { isSameId, referenced } from './references.ts'
import { publicAddressTaken } from './refusals.ts'
import { type IpConfiguration, ipConfigurationId, ipConfigurationsOf } from './usage.ts'

const holdAddress = systemGrant('keep which interface holds a public address')
const addressType = 'Microsoft.Network/publicIPAddresses'

/** From now on the configurations of an interface hold the addresses that they name, and no others. Throws 400. */
export async function takePublicAddresses(
  tx: Writes,
  nic: ResourceId,
  configurations: readonly IpConfiguration[],
  existing: Resource | undefined,
): Promise<void> {
  const wanted = configurations.flatMap(one => one.properties.publicIPAddress?.id ?? [])
  for (const id of existing ? held(existing) : []) {
    if (!wanted.some(one => isSameId(one, id))) await setHolder(tx, id, undefined)
  }
  for (const configuration of configurations) {
    const id = configuration.properties.publicIPAddress?.id
    if (id === undefined) continue
    const holder = ipConfigurationId({ id: nic }, configuration)
    const { body } = await referenced(tx, { id, type: addressType }, nic)
    const before = body.heldBy as string | undefined
    // Another configuration of the same interface may hand it on.
    const isForeign = before !== undefined && !before.toLowerCase().startsWith(`${nic.key}/`)
    if (isForeign) throw publicAddressTaken(id, holder, before)
    await setHolder(tx, id, holder)
  }
}

/** With the interface goes what it says is to go with it; all other addresses are free again. */
export async function giveBackPublicAddresses(tx: Writes, nic: Resource): Promise<void> {
  for (const { properties } of ipConfigurationsOf(nic)) {
    const { id: text, properties: options } = properties.publicIPAddress ?? {}
    const id = parseResourceId(text ?? '')
    if (!id) continue
    if (options?.deleteOption?.toLowerCase() === 'delete') await tx.resources.remove(holdAddress, id)
    else await setHolder(tx, id.text, undefined)
  }
}

const held = (nic: Resource) => ipConfigurationsOf(nic).flatMap(one => one.properties.publicIPAddress?.id ?? [])

async function setHolder(tx: Writes, address: string, holder: string | undefined): Promise<void> {
  const id = parseResourceId(address)
  const found = id && (await tx.resources.get(holdAddress, id))
  if (!found) return
  const { heldBy: _before, ...body } = found.body
  await tx.resources.put(holdAddress, found.id, holder === undefined ? body : { ...body, heldBy: holder })
}
