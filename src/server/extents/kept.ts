import { AzureError } from '../errors.ts'

/** What lies on disk for a row that is still to be written. */
export type Kept = {
  /** After the commit of the row that names it, or when nobody knows whether there was one. */
  release(): void
  /** When no row names it, and none ever will. */
  discard(): Promise<void>
}

/**
 * Runs the work whose commit makes something kept part of something. What is refused goes at once: whoever may write
 * nothing must not be able to fill the disk. After any other failure it is left to the sweep, which asks the rows.
 */
export async function keptBy<T>(kept: Kept, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // The refusal is what the client has to hear, whether or not the disk lets go of the bytes now.
    if (error instanceof AzureError) await kept.discard().catch(() => undefined)
    throw error
  } finally {
    kept.release()
  }
}
