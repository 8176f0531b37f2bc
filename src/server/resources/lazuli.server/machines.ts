import { systemGrant } from '../../access/grant.ts'
import { operation } from '../../door/operation.ts'
import { machineFactsOf } from '../../machines/facts.ts'
import type { Parts } from '../../parts.ts'
import type { Resource } from '../../store/resources.ts'

const listMachines = systemGrant('list the machines for a status report')

/** What a person needs to reach a machine: address, user, and the host keys to expect there. */
async function machineState(parts: Parts, resource: Resource) {
  const { vmId = '', osProfile } = resource.body.properties as { vmId?: string; osProfile?: { adminUsername?: string } }
  const facts = machineFactsOf(resource)
  const reported = parts.agents.lastReport(vmId)?.report
  return {
    name: resource.id.name,
    id: resource.id.text,
    vmId,
    provisioningState: resource.body.properties.provisioningState,
    powerState: vmId === '' ? 'unknown' : await parts.machines.powerState(vmId),
    address: facts?.address ?? '',
    username: osProfile?.adminUsername ?? '',
    // A machine may make new ones; its agent then says so, as nobody else could.
    hostKeys: reported?.hostKeys ?? facts?.hostKeys ?? [],
    os: reported?.os ?? facts?.os,
  }
}

export async function machineStates(parts: Parts) {
  const resources = await parts.store.resources.ofType(listMachines, 'Microsoft.Compute/virtualMachines')
  return Promise.all(resources.map(resource => machineState(parts, resource)))
}

export const machines = operation({
  name: 'Lazuli.Server/machines/read',
  route: 'GET /providers/Lazuli.Server/machines',
  access: { verb: 'read', action: 'Lazuli.Server/machines/read', on: () => '/' },
  run: async cx => Response.json({ value: await machineStates(cx) }),
})
