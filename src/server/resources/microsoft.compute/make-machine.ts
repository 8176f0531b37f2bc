import { systemGrant } from '../../access/grant.ts'
import type { Job } from '../../arm/resource-type.ts'
import { AzureError } from '../../errors.ts'
import { machineFactsOf, storedMachineOf } from '../../machines/facts.ts'
import { machineSpec } from './machine-spec.ts'

/** The password is all that a machine needs and its resource does not hold. */
export type Creation = { readonly adminPassword?: string }

const keepFacts = systemGrant('keep what the driver says of a new machine')

/** Also the first start of a machine that was only recorded before this host could run it. */
export async function makeMachine({ operation, resource, machines, store, log }: Job): Promise<void> {
  if (!resource) return
  // A machine that is there already may have got another interface.
  if (machineFactsOf(resource)) return machines.filterPackets()
  const { adminPassword } = (operation.input ?? {}) as Creation
  const spec = machineSpec(resource, size => machines.granted(size), adminPassword)
  // Before the machine is, so that nothing reaches it that its security groups keep out.
  await machines.filterPackets()
  const facts = await machines.create(resource.id, spec).catch(err => {
    log.error({ err, machine: resource.id.text }, 'a machine could not be made')
    throw provisioningFailed(resource.id.name, err)
  })
  const granted = { cpus: spec.cpus, memoryMiB: spec.memoryMiB }
  await store.write(async tx => {
    const now = await tx.resources.get(keepFacts, resource.id)
    if (!now) return
    await tx.resources.put(keepFacts, now.id, { ...now.body, machine: { ...storedMachineOf(now), facts, granted } })
  })
  // Now its address is known to the others in its network.
  await machines.filterPackets()
}

const provisioningFailed = (name: string, cause: Error) =>
  new AzureError(
    500,
    'OSProvisioningInternalError',
    `OS Provisioning failed for VM '${name}' due to an internal error: ${cause.message}`,
    { cause },
  )
