/** A failure whose text is for the status that the operator reads: it holds no secret and no stack. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure'
}

/** What may be shown of anything that was thrown. */
export const failureText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
