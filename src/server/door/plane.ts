import type { AzureError } from '../errors.ts'
import type { Call, Caller, Operation } from './operation.ts'

/** One of Azure's protocols: a set of operations with one way to say no. */
export type Plane = {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Whether a token for this audience is meant for us. */
  acceptsAudience(audience: string): boolean
  /** Who a bearer token stands for, where that is not a principal of the directory. Never throws for a bad token. */
  authenticate?(token: string, call: Call): Promise<Caller>
  /** What a signed-in caller hears who asks for something that this plane does not have. */
  notFound(call: Pick<Call, 'request' | 'url'>): AzureError
  /** The refusal of a caller without a usable token. */
  unauthenticated(call: Call, why: 'missing' | 'invalid' | 'expired' | 'audience' | 'tenant'): AzureError
  /** The refusal of a caller without a sufficient role. */
  forbidden(caller: Caller, action: string, scope: string, detail: { conditionFailed: boolean }): AzureError
  renderError(error: AzureError, call: Call): Response
}
