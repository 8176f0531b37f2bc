export type BundleFailureReason =
  | 'unreadable' // neither PEM nor PKCS #12, or torn
  | 'unsupported' // an algorithm or a form that is not read
  | 'wrong-password'
  | 'no-certificate'
  | 'no-private-key'
  | 'key-mismatch' // no certificate is the private key's
  | 'too-expensive' // too large, or it would take too long to open

/** Why a bundle was not taken. The message is for the operator, and holds nothing of the content. */
export class BundleFailure extends Error {
  override readonly name = 'BundleFailure'
  readonly reason: BundleFailureReason

  constructor(reason: BundleFailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}
