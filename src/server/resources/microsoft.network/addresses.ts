import { parseResourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { MachineFacts } from '../../machines/driver.ts'
import { machineFactsOf } from '../../machines/facts.ts'
import type { Reads } from '../../store/open.ts'
import type { Resource } from '../../store/resources.ts'
import { machineOf } from './usage.ts'

/** An interface has the address of the machine that it belongs to: the machine's real one. */

const seeMachine = systemGrant('show the address of the machine that an interface belongs to')

/** Undefined as long as the interface belongs to no machine, or the machine is not made yet. */
export async function machineBehind(
  { resources }: Pick<Reads, 'resources'>,
  nic: Resource,
): Promise<MachineFacts | undefined> {
  const id = parseResourceId(machineOf(nic) ?? '')
  const vm = id && (await resources.get(seeMachine, id))
  return vm && machineFactsOf(vm)
}

/** The address behind the ip configuration of an interface. */
export async function addressBehind(
  reads: Pick<Reads, 'resources'>,
  configurationId: string,
): Promise<string | undefined> {
  const id = parseResourceId(configurationId)
  const nicId = id && parseResourceId(id.container)
  const nic = nicId && (await reads.resources.get(seeMachine, nicId))
  return nic && (await machineBehind(reads, nic))?.address
}
