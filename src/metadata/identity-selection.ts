import type { Machine, ManagedIdentity, Principal } from './machine.ts'
import type { Query } from './query.ts'
import { identityAmbiguous, identityNotFound, selectorsConflict } from './refusal.ts'

export type Selector = { readonly by: keyof ManagedIdentity; readonly value: string }

// `mi_res_id` is how App Service spells it; some clients send that to every endpoint.
const selectorNames: readonly (readonly [name: string, by: keyof ManagedIdentity])[] = [
  ['client_id', 'clientId'],
  ['object_id', 'principalId'],
  ['msi_res_id', 'resourceId'],
  ['mi_res_id', 'resourceId'],
]

/** The identity that a query asks for, or undefined when it leaves the choice to the machine. */
export function selectorOf(query: Query): Selector | undefined {
  let selector: Selector | undefined
  for (const [name, by] of selectorNames) {
    const value = query.get(name)
    if (value === undefined) continue
    if (selector) throw selectorsConflict()
    selector = { by, value }
  }
  return selector
}

/**
 * Without a selector the system-assigned identity wins, then a single user-assigned one. An empty selector is one
 * that matches nothing: an unset shell variable must not turn into somebody else's identity.
 */
export function selectIdentity(machine: Machine, selector: Selector | undefined): Principal | ManagedIdentity {
  const { systemAssigned, userAssigned } = machine.identities
  if (selector === undefined) {
    if (systemAssigned) return systemAssigned
    if (userAssigned.length > 1) throw identityAmbiguous()
    return userAssigned[0] ?? notFound()
  }
  const wanted = selector.value.toLowerCase()
  const { by } = selector
  if (systemAssigned && by !== 'resourceId' && systemAssigned[by].toLowerCase() === wanted) return systemAssigned
  return userAssigned.find(identity => identity[by].toLowerCase() === wanted) ?? notFound()
}

function notFound(): never {
  throw identityNotFound()
}
