import type { MetadataRequest } from './exchange.ts'
import type { Machine, ManagedIdentity, Principal } from './machine.ts'

/** Values for the tests of this folder. */

export const group = '/subscriptions/8d10da13-8125-4ba9-a717-bf7490507b3d/resourceGroups/rg1'

export const system: Principal = {
  clientId: '5a0bf0a6-0000-4000-8000-000000000001',
  principalId: '5a0bf0a6-0000-4000-8000-000000000002',
}

export const alpha: ManagedIdentity = {
  clientId: 'a1fa0000-0000-4000-8000-000000000001',
  principalId: 'a1fa0000-0000-4000-8000-000000000002',
  resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/alpha`,
}

export const beta: ManagedIdentity = {
  clientId: 'be7a0000-0000-4000-8000-000000000001',
  principalId: 'be7a0000-0000-4000-8000-000000000002',
  resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/beta`,
}

/** A machine with the system-assigned identity, unless told otherwise. */
export const machine = (changes: Partial<Machine> = {}): Machine => ({
  id: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
  resourceId: `${group}/providers/Microsoft.Compute/virtualMachines/vm1`,
  tenantId: '72f98800-0000-4000-8000-000000000000',
  identities: { systemAssigned: system, userAssigned: [] },
  instance: { compute: { location: 'westeurope', vmSize: 'Standard_B2s' }, network: {} },
  ...changes,
})

/** A GET as clients send it: the target as they write it, the header that is required, and any others. */
export const get = (target: string, headers: Record<string, string> = { metadata: 'true' }): MetadataRequest => {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  return { method: 'GET', path, query, headers: name => headers[name] }
}
