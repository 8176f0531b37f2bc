import type { Readable } from 'node:stream'
import type { Attributes } from '../access/condition.ts'
import type { Grant, Verb } from '../access/grant.ts'
import type { AzureError } from '../errors.ts'
import type { Parts } from '../parts.ts'
import type { Principal } from '../store/principals.ts'
import type { Verdict } from './plane.ts'

/** Who asks, as far as we know. A bad token is a caller, too: it is refused after the audit row is open. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'rejected'; readonly error: AzureError }
  | { readonly kind: 'principal'; readonly principal: Principal; readonly claims: Readonly<Record<string, unknown>> }
  /** The agent of a machine, which proved itself by the machine's own key. */
  | { readonly kind: 'machine'; readonly machineId: string; readonly resourceId: string }
  /** Who holds a key of a resource, or something signed with one, and is nobody of the directory. */
  | {
      readonly kind: 'signature'
      /** A key opens all of its resource; what was signed with one opens the place that the request names, and no other. */
      readonly by: 'key' | 'shared access signature'
      /** What audit rows call it: never the key or the signature itself. */
      readonly name: string
      permits(wish: Wish): Verdict | Promise<Verdict>
    }

/** Where the request came from. */
export type Peer = {
  readonly address: string
  /** The ARM id of the machine or identity that the proxy's user name stands for (`lazuli exec --as`). */
  readonly actingAs?: string
  /** The body as Node reads it, for operations that take in a lot: a web stream around it takes twice as long. */
  readonly body?: Readable | undefined
  /** Names and values of the headers in turn, spelled as they came: in `Request`, names are in lower case. */
  readonly rawHeaders?: readonly string[] | undefined
  /** The target of the request line as it came: a `URL` has resolved the dots in it. */
  readonly target?: string | undefined
  /**
   * The object id of whom this server itself asks for, in work that they were promised. Nothing that comes over a
   * connection can set it.
   */
  readonly onBehalfOf?: string
}

export type Params = Readonly<Record<string, string>>

/** A permission that is asked for. */
export type Wish<V extends Verb = Verb> = {
  readonly verb: V
  readonly action: string
  readonly scope: string
  readonly dataAction?: boolean
  readonly orBelow?: boolean
  readonly attributes?: Attributes
  readonly permission?: string
  readonly orElse?: Weaker
}

/** A permission with which an operation runs as well, and does less. Its grant says that it is this one. */
export type Weaker = { readonly action: string; readonly permission?: string }

/** What happens before the handler: nothing runs without one of these being true. */
export type Access<V extends Verb> =
  /** Anyone may, without a token; the text says why. */
  | { readonly open: string }
  /** Anyone with a valid token may, because the handler shows no more than the caller may see; the text says how. */
  | { readonly signedIn: string }
  /** Any machine may, at its own resource and nowhere else; the text says what for. */
  | { readonly ownMachine: string }
  /**
   * A role must grant `action` at the scope. With `orBelow`, a role at a narrower scope lets the caller in, too, and
   * the grant names the scopes that may be shown.
   */
  | {
      readonly verb: V
      readonly action: string | ((params: Params) => string)
      readonly on: (params: Params) => string
      readonly dataAction?: true
      readonly orBelow?: true
      readonly orElse?: Weaker
      /**
       * What the conditions of roles may ask about this request. It may read the body from a clone of the request; a
       * body that cannot be read has no attributes.
       */
      readonly attributes?: (call: Call & Parts) => Promise<Attributes>
      /** What the plane's own rules call it, where they divide things otherwise than roles: `keys/list`. */
      readonly permission?: string
    }

/** One request on its way, before it is known who asks. */
export type Call = {
  readonly request: Request
  readonly url: URL
  /** The path of `url`; of planes that read it as it was sent, with its dots. Still percent-encoded. */
  readonly pathname: string
  readonly params: Params
  readonly peer: Peer
  readonly requestId: string
  readonly correlationId: string
  /** When it arrived, by Lazuli's clock. */
  readonly now: number
}

export type Context<V extends Verb = Verb> = Call &
  Parts & {
    readonly caller: Caller
    readonly grant: Grant<V>
    /** For operations in which somebody signs in: whom the audit row is to name. A name alone is one that was only claimed. */
    identified(who: Principal | { readonly claimed: string }): void
    /** For a second permission that the handler finds it needs. Throws the plane's 403. */
    authorize<W extends Verb>(verb: W, action: string, scope: string, kind?: 'data'): Promise<Grant<W>>
    /** Sends another request through the door, from the same peer: it is authenticated, authorized and audited on its own. */
    ask(request: Request): Promise<Response>
    /** Like `authorize`, but a refusal is an answer. Only roles are asked. */
    mayI(action: string, scope: string): Promise<boolean>
    /** `mayI` for many questions at once, such as the rows of a list. */
    rights(): Promise<(action: string, scope: string) => boolean>
  }

/** One operation of a plane: the whole of what a reader has to know is in its file. */
export type Operation<V extends Verb = Verb> = {
  /** What audit rows call it; for operations under a role this is the action. */
  readonly name: string
  /** Method and path: `GET /subscriptions/:subscriptionId`; `:x*` takes several segments. */
  readonly route: string
  /** Further conditions on the query, such as `comp=block`, or `versionid=*` for any value; an operation with more of them wins. */
  readonly query?: string
  readonly access: Access<V>
  /** Whether it changes something: the audit row is then on disk before the work begins. */
  readonly changes?: boolean
  run(cx: Context<V>): Promise<Response> | Response
}

export const operation = <V extends Verb>(definition: Operation<V>): Operation => definition as unknown as Operation
