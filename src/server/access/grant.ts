import { covers, scopeKey } from './scope.ts'

/**
 * Access is a value you must hold. `authorize` makes grants, the store asks for them; a grant made any other way
 * does not compile, and is refused at run time, too.
 */

export type Verb = 'read' | 'write' | 'delete' | 'action'

declare const seal: unique symbol

export type Grant<V extends Verb = Verb> = {
  readonly verb: V | 'system'
  /** The permission that was checked, such as `Microsoft.Compute/virtualMachines/write`, or the reason of a system grant. */
  readonly action: string
  readonly scope: string
  /** Set when the holder may not see all of `scope` but only these scopes below it: a listing shows just their content. */
  readonly onlyBelow?: readonly string[]
  readonly [seal]: true
}

/** Anything but reading. */
export type Change = 'write' | 'delete' | 'action'

/** A copy of one has the same members and not the mark, which nothing outside can read, write or hand on. */
class Sealed {
  /** The scope as it was asked for, which is how most of what happens under the grant spells it. Nothing else has it. */
  readonly #asked: string
  readonly verb: Grant['verb']
  readonly action: string
  readonly scope: string
  readonly onlyBelow: readonly string[] | undefined

  constructor({ verb, action, scope, onlyBelow }: Omit<Grant, typeof seal>) {
    this.verb = verb
    this.action = action
    this.scope = scopeKey(scope)
    this.#asked = scope
    this.onlyBelow = onlyBelow
    Object.freeze(this)
  }

  /** Whether it reaches the scope; undefined for what is no grant. */
  static reaches(grant: object, scope: string): boolean | undefined {
    if (!(#asked in grant)) return undefined
    // A blank scope reaches nothing, not even itself.
    return scope === grant.#asked ? grant.scope !== '' : covers(grant.scope, scope)
  }

  static {
    // Or whoever holds a grant could make others.
    Reflect.deleteProperty(Sealed.prototype, 'constructor')
  }
}

const sealGrant = <V extends Verb>(fields: Omit<Grant<V>, typeof seal>) => new Sealed(fields) as unknown as Grant<V>

/** Only `door/authorize.ts` may call this; test/architecture.test.ts watches over it. */
export function issueGrant<V extends Verb>(fields: {
  verb: V
  action: string
  scope: string
  onlyBelow?: readonly string[]
}): Grant<V> {
  return sealGrant<V>(fields)
}

/** For work that no caller asked for, or that happens before there is a caller. The reason is what an auditor reads. */
export function systemGrant(reason: string): Grant<never> {
  return sealGrant<never>({ verb: 'system', action: reason, scope: '/' })
}

/** Throws unless the grant is genuine and reaches the scope, where there is one: a mistake of ours, never of a client. */
export function demand(grant: Grant, scope: string = grant.scope): void {
  const reaches = Sealed.reaches(grant, scope)
  if (reaches === undefined) throw new Error('a grant that authorize did not issue')
  if (!reaches) throw new Error(`the grant '${grant.action}' at ${grant.scope} does not reach ${scope}`)
}

/** Whether a row at `scope` may be shown to the holder of a listing grant. */
export function shows(grant: Grant, scope: string): boolean {
  return grant.onlyBelow === undefined || grant.onlyBelow.some(visible => covers(visible, scope))
}
