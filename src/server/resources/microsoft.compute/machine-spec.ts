import type { MachineSpec } from '../../machines/driver.ts'
import { storedMachineOf, vmIdOf } from '../../machines/facts.ts'
import { defaultSize, sizeOf } from '../../machines/sizes.ts'
import { formatPublicKey, parsePublicKey } from '../../ssh/public-key.ts'
import type { Resource } from '../../store/resources.ts'
import { properties } from './virtual-machine-properties.ts'

type Granted = { readonly cpus: number; readonly memoryMiB: number }

/** From a stored VM to what a driver makes; `granted` says what of a size this host can give. */
export function machineSpec(
  vm: Resource,
  granted: (size: Granted) => Granted,
  adminPassword: string | undefined,
): MachineSpec {
  const { hardwareProfile, osProfile } = properties.parse(vm.body.properties)
  const { computerName = vm.id.name, adminUsername = '', linuxConfiguration } = osProfile ?? {}
  const size = sizeOf(hardwareProfile?.vmSize ?? defaultSize)
  if (!size) throw new Error(`${vm.id.text} has the size ${hardwareProfile?.vmSize}, which does not exist`)
  return {
    id: vmIdOf(vm),
    // A host name is one label; whatever follows it in Azure's computer name is a domain.
    computerName: computerName.split('.', 1)[0] ?? computerName,
    image: storedMachineOf(vm).image,
    ...granted({ cpus: size.cpus, memoryMiB: size.memoryMiB }),
    admin: {
      username: adminUsername,
      ...(adminPassword === undefined ? {} : { password: adminPassword }),
      sshPublicKeys: (linuxConfiguration?.ssh?.publicKeys ?? []).flatMap(({ keyData = '' }) => {
        // Whatever form a key came in, the machine gets the one that sshd reads.
        const key = parsePublicKey(keyData)
        return key ? [formatPublicKey(key)] : []
      }),
      passwordAuthentication: linuxConfiguration?.disablePasswordAuthentication !== true,
    },
  }
}
