import type { FactsOf, instanceFields } from './instance-fields.ts'

/** A service principal as an access token names it: `appid` and `oid`. Lower-case GUIDs. */
export type Principal = { readonly clientId: string; readonly principalId: string }

/** A principal with the ARM resource it belongs to, which its tokens carry as `xms_mirid`. */
export type ManagedIdentity = Principal & { readonly resourceId: string }

/** The fields of the instance document that follow from the machine's id, tags or position and are never given. */
type Derived =
  | 'customData'
  | 'name'
  | 'provider'
  | 'resourceGroupName'
  | 'resourceId'
  | 'subscriptionId'
  | 'tags'
  | 'vmId'

type Compute = FactsOf<(typeof instanceFields)['compute']>

/** What only the machine's maker knows. Every absent value is rendered as an empty string, as Azure does. */
export type InstanceFacts = {
  readonly compute: Omit<Compute, Derived> & { readonly location: string; readonly vmSize: string }
  readonly network: FactsOf<(typeof instanceFields)['network']>
}

/** The machine that asks, as it is at the moment of the request. */
export type Machine = {
  /** The vmId: a lower-case GUID that is never used again. */
  readonly id: string
  readonly resourceId: string
  readonly tenantId: string
  readonly identities: {
    readonly systemAssigned?: Principal | undefined
    readonly userAssigned: readonly ManagedIdentity[]
  }
  /** Absent when somebody acts as an identity alone, without a machine around it. */
  readonly instance?: InstanceFacts
}
