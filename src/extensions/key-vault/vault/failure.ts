/**
 * What kept a certificate from being fetched. `identity` means that asking again is no use before the settings or the
 * machine's identities have changed; the rest may pass by itself.
 */
export type FetchFailureKind = 'identity' | 'denied' | 'missing' | 'throttled' | 'unreachable' | 'content'

export class FetchFailure extends Error {
  override readonly name = 'FetchFailure'
  readonly kind: FetchFailureKind
  /** When the other side wants to be asked again. */
  readonly retryAfterMs: number | undefined

  constructor(kind: FetchFailureKind, message: string, retryAfterMs?: number) {
    super(message)
    this.kind = kind
    this.retryAfterMs = retryAfterMs
  }
}
