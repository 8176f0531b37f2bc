/** What a container holds, in the order in which it holds it, in DER. Nothing has been checked. */
export type BundleParts = {
  readonly certificates: readonly Uint8Array[]
  /** PKCS #8, not encrypted. */
  readonly keys: readonly Uint8Array[]
}
