/** What the tour makes is called the same every time, so that the next visit finds it. */
export const names = {
  location: 'westeurope',
  group: 'first-light',
  identity: 'first-identity',
  machine: 'first-machine',
  user: 'azureuser',
} as const

/** Also the role assignment has a name of its own; Azure wants a GUID. */
const assignmentName = '6d0c1b4e-2f43-4c55-9d52-8c2f2f6a5f01'

/** Paths, with the api-version, of what the tour makes. */
export function paths(subscriptionId: string) {
  const subscription = `/subscriptions/${subscriptionId}`
  const group = `${subscription}/resourceGroups/${names.group}`
  const resource = (type: string, name: string) => `${group}/providers/${type}/${name}`
  return {
    subscription,
    group: `${group}?api-version=2021-04-01`,
    identity: `${resource('Microsoft.ManagedIdentity/userAssignedIdentities', names.identity)}?api-version=2023-01-31`,
    machine: `${resource('Microsoft.Compute/virtualMachines', names.machine)}?api-version=2024-07-01`,
    assignment: `${resource('Microsoft.Authorization/roleAssignments', assignmentName)}?api-version=2022-04-01`,
  }
}
