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
  if (!resource || machineFactsOf(resource)) return
  const { adminPassword } = (operation.input ?? {}) as Creation
  const spec = machineSpec(resource, size => machines.granted(size), adminPassword)
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
}

const provisioningFailed = (name: string, cause: Error) =>
  new AzureError(
    500,
    'OSProvisioningInternalError',
    `OS Provisioning failed for VM '${name}' due to an internal error: ${cause.message}`,
    { cause },
  )
