import { AzureError } from '../../../errors.ts'
import type { OAuthError } from '../render-error.ts'

/**
 * What the authority says no with. People and scripts search for the AADSTS number, so that is the code; the OAuth
 * error beside it is what client libraries act upon.
 */
export const refusal = (
  number: number,
  error: OAuthError,
  text: string,
  { status = 400, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) => new AzureError(status, `AADSTS${number}`, text, { headers, extra: { error, number } })

/** For refusals of a client's credential. */
export const unauthorized = { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="authority"' } }
