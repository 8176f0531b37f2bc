/**
 * What a certificate says about its owner, apart from who signed it. Here are the shapes alone: the libraries that write
 * them take longer to load than a server has to start.
 */

import type { KeyObject, X509Certificate } from 'node:crypto'

export type Profile = {
  /** As people write it, see distinguished-name.ts. */
  readonly subject: string
  readonly alternativeNames: AlternativeNames
  /** Extended key usages, as object identifiers. */
  readonly purposes: readonly string[]
  readonly usages: readonly KeyUsage[]
  readonly isAuthority: boolean
  /** For an authority: how many others may stand between it and a leaf. */
  readonly pathLength?: number
}

export type AlternativeNames = {
  readonly emails: readonly string[]
  readonly dnsNames: readonly string[]
  /** User principal names, as sign-in with a smart card wants them. */
  readonly upns: readonly string[]
  readonly uris: readonly string[]
  readonly addresses: readonly string[]
}

export const noAlternativeNames: AlternativeNames = { emails: [], dnsNames: [], upns: [], uris: [], addresses: [] }

/** In the order of their bits, RFC 5280 §4.2.1.3. */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof keyUsages)[number]

export type Validity = { readonly notBeforeMs: number; readonly notAfterMs: number }

export type Issuer = { readonly certificate: X509Certificate; readonly key: KeyObject }
