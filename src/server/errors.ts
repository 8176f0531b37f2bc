/**
 * An answer that says no. The status, code and message are what the client sees, worded as the real service words
 * them; `cause` is for our log only. Each plane renders it in its own shape.
 */
export class AzureError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  /** Members that stand beside code and message on the wire, such as `details` or `innererror`. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: string,
    message: string,
    options: { headers?: Record<string, string>; extra?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
    this.extra = options.extra ?? {}
  }
}
