/** What kept a certificate from getting into its store; the certificate that is there stays. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
}
