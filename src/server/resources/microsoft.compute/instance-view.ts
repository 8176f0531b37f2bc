import { machineFactsOf, storedMachineOf, vmIdOf } from '../../machines/facts.ts'
import type { Parts } from '../../parts.ts'
import type { Resource } from '../../store/resources.ts'
import { agentView } from './extensions/in-machine.ts'
import { properties } from './virtual-machine-properties.ts'

type Status = {
  code: string
  level: 'Info' | 'Warning' | 'Error'
  displayStatus: string
  message?: string
  time?: string
}

/** How a machine is right now. Its power state is asked of the driver, so a guest that went down shows as stopped. */
export async function instanceView(parts: Pick<Parts, 'machines' | 'clock' | 'agents' | 'store'>, vm: Resource) {
  const { osProfile, storageProfile, ...rest } = properties.parse(vm.body.properties)
  const { granted } = storedMachineOf(vm)
  const facts = machineFactsOf(vm)
  const os = parts.agents.lastReport(vmIdOf(vm))?.report.os ?? facts?.os
  const provisioning = provisioningStatus(String(rest.provisioningState), new Date(vm.changedAt).toISOString())
  return {
    ...(osProfile?.computerName === undefined ? {} : { computerName: osProfile.computerName }),
    ...(os ? { osName: os.name, osVersion: os.version } : {}),
    hyperVGeneration: 'V2',
    ...(await agentView(parts, vm)),
    disks: [{ name: storageProfile?.osDisk?.name ?? '', statuses: [provisioning] }],
    statuses: [
      provisioning,
      powerStatus(await parts.machines.powerState(vmIdOf(vm))),
      // Behind Azure's own two, because scripts count them: what this host really gives of the size.
      ...(facts && granted ? [resourcesStatus(granted)] : []),
    ],
  }
}

function provisioningStatus(state: string, time: string): Status {
  const lower = state.toLowerCase()
  return {
    code: `ProvisioningState/${lower}`,
    level: lower === 'failed' ? 'Error' : 'Info',
    displayStatus: lower === 'succeeded' || lower === 'failed' ? `Provisioning ${lower}` : state,
    time,
  }
}

const powerStatus = (state: string): Status => ({
  code: `PowerState/${state}`,
  level: 'Info',
  displayStatus: `VM ${state}`,
})

const resourcesStatus = ({ cpus, memoryMiB }: { cpus: number; memoryMiB: number }): Status => ({
  code: 'GrantedResources/limited',
  level: 'Info',
  displayStatus: `${cpus} vCPUs, ${memoryMiB} MiB`,
  message: 'What this host gives the machine of its size.',
})
