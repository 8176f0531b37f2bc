import type { Accounts } from '../host/accounts.ts'
import type { Backups } from '../host/backups.ts'
import type { Distribution } from '../host/distribution.ts'
import type { Run } from '../host/run.ts'
import type { Step } from './plan.ts'

/** What steps work with. */
export type Host = {
  readonly run: Run
  readonly accounts: Accounts
  readonly backups: Backups
  readonly distribution: Distribution
  /** Of our own, root's alone, for drafts and candidates. */
  readonly folder: string
}

/** What only the running process knows, and no journal. */
export type Secrets = { readonly password: string | undefined }

/** One line of the change record: what was changed, from what to what, and where the former is kept. */
export type Change = {
  readonly what: string
  readonly before?: string
  readonly after?: string
  readonly backup?: string
}

export type Done = {
  readonly text: string
  readonly changes: readonly Change[]
  /** Work that may not be done before all else has been, because there is no way back from it. */
  readonly afterwards?: readonly Cleanup[]
}

/** Things of a removed user that were moved aside, and are deleted when the run has succeeded. */
export type Cleanup = { readonly delete: string } | { readonly crontabOf: string }

export type Kind<D extends Step['do']> = StepKind<Extract<Step, { do: D }>>

/**
 * How a kind of step is done and undone. `before` looks at what will be changed and changes nothing; what it returns is
 * written to the journal before `apply` begins, and is all that `undo` gets, in whatever process and however far
 * `apply` has come: not at all, half, or wholly.
 */
export type StepKind<S extends Step = Step> = {
  /** The name of its substatus: the setting that asked for it. */
  readonly name: string
  before(step: S, host: Host): unknown
  apply(step: S, before: unknown, host: Host, secrets: Secrets): Promise<Done>
  undo(step: S, before: unknown, host: Host): Promise<void>
}

/** Gives the journaled value its type back: what one function of a kind wrote is read by the others of the same kind. */
export function defineStep<D extends Step['do'], B>(kind: {
  readonly name: string
  before(step: Extract<Step, { do: D }>, host: Host): B | Promise<B>
  apply(step: Extract<Step, { do: D }>, before: Awaited<B>, host: Host, secrets: Secrets): Promise<Done>
  undo(step: Extract<Step, { do: D }>, before: Awaited<B>, host: Host): Promise<void>
}): Kind<D> {
  return {
    name: kind.name,
    before: kind.before,
    apply: (step, before, host, secrets) => kind.apply(step, before as Awaited<B>, host, secrets),
    undo: (step, before, host) => kind.undo(step, before as Awaited<B>, host),
  }
}
