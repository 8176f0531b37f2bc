import type { AzureError } from '../errors.ts'
import type { Call, Caller, Operation, Params, Wish } from './operation.ts'

/** `allowed`, or the refusal. */
export type Verdict = 'allowed' | AzureError

/** One of Azure's protocols: a set of operations with one way to say no. */
export type Plane = {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Whether a token for this audience is meant for us. */
  acceptsAudience(audience: string): boolean
  /** Whether `.` and `..` are names here, and not ways through the path. */
  readonly keepsDots?: true
  /** From a path to the segments that routes are matched with, where a plane reads paths in a way of its own. */
  segments?(pathname: string): string[] | undefined
  /** The query that routes are matched with, where a plane spells its parameters in more than one way. */
  query?(url: URL): URLSearchParams
  /** What of the place a path names that no route fits, for credentials that are tied to it. */
  unmatched?(segments: readonly string[]): Params
  /**
   * More about the place that a request names, such as the ARM id of a vault, for `access.on` and the operation: it is
   * added to the params. Throws the refusal of a place that there is not.
   */
  locate?(params: Params): Promise<Params>
  /**
   * Who asks, by other credentials than a token of the directory. Undefined leaves it to the token. Never throws for
   * bad credentials: the refusal belongs into the audit row.
   */
  authenticate?(call: Call): Promise<Caller | undefined>
  /**
   * Whether a caller may, by rules that this plane has besides roles, such as a vault's access policies or a
   * container's public access. Undefined leaves it to roles.
   */
  permits?(caller: Caller, wish: Wish, call: Call): Promise<Verdict | undefined>
  /** What a signed-in caller hears who asks for something that this plane does not have. */
  notFound(call: Pick<Call, 'request' | 'url'>): AzureError
  /** The refusal of a caller without a usable token. */
  unauthenticated(call: Call, why: 'missing' | 'invalid' | 'expired' | 'audience' | 'tenant'): AzureError
  /** The refusal of a caller without a sufficient role. */
  forbidden(
    caller: Caller,
    action: string,
    scope: string,
    detail: { conditionFailed: boolean; params: Params },
  ): AzureError
  renderError(error: AzureError, call: Call): Response
  /**
   * Headers that every answer of this plane has, refusals too, unless it says otherwise itself. Without it, an answer is
   * not to be cached.
   */
  stamp?(call: Call): Readonly<Record<string, string>>
}
