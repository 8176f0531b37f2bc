/** What the settings ask for, with every default filled in. */

export type Wish = {
  readonly pollingIntervalSec: number
  readonly requireInitialSync: boolean
  readonly certificates: readonly ObservedCertificate[]
  readonly logging: Logging | undefined
  /** What was understood, but may not be what was meant: for the log. */
  readonly remarks: readonly string[]
}

/** Where tokens come from, and whose. */
export type Identity = {
  /** Without `/oauth2/token` at its end. */
  readonly endpoint: string
  readonly clientId: string | undefined
}

export type SecretUrl = {
  /** As it was typed, case and all. */
  readonly text: string
  /** `https://<host>[:<port>]`, in lower case. */
  readonly origin: string
  /** The first label of the host's name, as it was typed. */
  readonly vault: string
  /** As it was typed. */
  readonly name: string
  /** The only one wanted; undefined for always the latest. */
  readonly version: string | undefined
}

export type ObservedCertificate = {
  readonly url: SecretUrl
  readonly identity: Identity
  readonly store: string
  /** The name of the link in the store. */
  readonly link: string
  /** Who may read the private key besides root. */
  readonly readers: readonly Principal[]
  readonly splitFiles: boolean
  readonly afterRenewal: AfterRenewal | undefined
  readonly verify: ServedAt | undefined
}

/** A name, or a number in digits. */
export type Principal = { readonly kind: 'user' | 'group'; readonly name: string }

export type AfterRenewal =
  | { readonly reload: string }
  | { readonly commands: readonly (readonly [program: string, ...args: string[]])[] }

export type ServedAt = { readonly host: string; readonly port: number }

export type Logging = {
  readonly endpoint: { readonly host: string; readonly port: number } | { readonly path: string }
  readonly tag: string
}
