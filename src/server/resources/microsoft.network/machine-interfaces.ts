import { parseResourceId, type ResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { giveBackPublicAddresses } from './public-address-holders.ts'
import { isSameId, referenced } from './references.ts'
import { interfaceTaken } from './refusals.ts'
import { interfaceType, machineOf } from './usage.ts'

/** Which interfaces belong to a machine: the machine names them, and each keeps whose it is. */

const attach = systemGrant('keep which machine a network interface belongs to')

export type InterfaceWish = { readonly id?: string | undefined; readonly properties?: unknown }

/** Throws 400 for an interface that is not there, or that belongs to another machine. */
export async function attachInterfaces(
  tx: Writes,
  machine: ResourceId,
  wanted: readonly InterfaceWish[],
  before: readonly InterfaceWish[],
): Promise<void> {
  for (const { id } of before) {
    if (!wanted.some(one => isSameId(one.id, id))) await setMachine(tx, id, undefined)
  }
  for (const { id = '' } of wanted) {
    const nic = await referenced(tx, { id, type: interfaceType }, machine)
    const holder = machineOf(nic)
    if (holder !== undefined && !isSameId(holder, machine.text)) throw interfaceTaken(nic.id.text, holder)
    await setMachine(tx, id, machine.text)
  }
}

/** When a machine has gone: its interfaces are free again, or go as well, if the machine was to take them along. */
export async function detachInterfaces(tx: Writes, machine: Resource, held: readonly InterfaceWish[]): Promise<void> {
  for (const { id, properties } of held) {
    const parsed = parseResourceId(id ?? '')
    const nic = parsed && (await tx.resources.get(attach, parsed))
    if (!nic || !isSameId(machineOf(nic), machine.id.text)) continue
    const { deleteOption } = (properties ?? {}) as { deleteOption?: unknown }
    if (String(deleteOption).toLowerCase() !== 'delete') {
      await setMachine(tx, nic.id.text, undefined)
      continue
    }
    await giveBackPublicAddresses(tx, nic)
    await tx.resources.remove(attach, nic.id)
  }
}

async function setMachine(tx: Writes, interfaceId: string | undefined, machine: string | undefined): Promise<void> {
  const id = parseResourceId(interfaceId ?? '')
  const nic = id && (await tx.resources.get(attach, id))
  if (!nic) return
  const { attachedTo: _before, ...body } = nic.body
  await tx.resources.put(attach, nic.id, machine === undefined ? body : { ...body, attachedTo: machine })
}
