import { systemGrant } from '../../access/grant.ts'
import type { Change, Job } from '../../arm/resource-type.ts'
import { defaultSize } from '../../machines/sizes.ts'
import type { Resource, ResourceBody } from '../../store/resources.ts'
import { attachInterfaces, detachInterfaces, type InterfaceWish } from '../microsoft.network/machine-interfaces.ts'
import { isSameId, newlyNamed } from '../microsoft.network/references.ts'
import { tooManyInterfaces } from '../microsoft.network/refusals.ts'
import type { MachineProperties } from './virtual-machine-properties.ts'

/** The network interfaces of a machine. A machine without any has its address all the same, and no security groups. */

const interfacesIn = (properties: Readonly<Record<string, unknown>> | undefined): readonly InterfaceWish[] =>
  (properties as MachineProperties | undefined)?.networkProfile?.networkInterfaces ?? []

/** Whoever gives a machine an interface needs the right to join it. */
export function interfacesToJoin({ properties }: ResourceBody, existing: Resource | undefined) {
  const { networkInterfaces } = (properties.networkProfile ?? {}) as { networkInterfaces?: unknown }
  const wanted = Array.isArray(networkInterfaces) ? networkInterfaces : []
  const ids = wanted.map((one: { id?: unknown }) => (typeof one?.id === 'string' ? one.id : undefined))
  const before = interfacesIn(existing?.body.properties).map(({ id }) => id)
  return newlyNamed('Microsoft.Network/networkInterfaces/join/action', ids, before)
}

/** Gives the machine the interfaces of its body, and says whether that changed any. Throws 400 or 409. */
export async function changeInterfaces(
  { tx, id, existing }: Pick<Change<unknown>, 'tx' | 'id' | 'existing'>,
  properties: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const [wanted, before] = [interfacesIn(properties), interfacesIn(existing?.body.properties)]
  if (wanted.length > 1) {
    const { hardwareProfile } = properties as MachineProperties
    throw tooManyInterfaces(id.name, hardwareProfile?.vmSize ?? defaultSize, wanted.length)
  }
  await attachInterfaces(tx, id, wanted, before)
  return !isSameId(wanted[0]?.id, before[0]?.id) && wanted.length + before.length > 0
}

const leaveInterfaces = systemGrant('give up the interfaces of a machine that has gone')

/** After a machine has gone, before its resource does. */
export async function giveUpInterfaces({ store, machines }: Job, machine: Resource): Promise<void> {
  await store.write(async tx => {
    const now = await tx.resources.get(leaveInterfaces, machine.id)
    if (now) await detachInterfaces(tx, now, interfacesIn(now.body.properties))
  })
  await machines.filterPackets()
}
