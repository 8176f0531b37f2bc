import type { Call } from '../../door/operation.ts'
import type { AzureError } from '../../errors.ts'
import { errorPage } from './pages/error-page.ts'

/** The errors of RFC 6749 and RFC 8628, and those that the authority adds. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_resource'
  | 'invalid_instance'
  | 'access_denied'
  | 'login_required'
  | 'authorization_pending'
  | 'authorization_declined'
  | 'expired_token'
  | 'bad_verification_code'
  | 'temporarily_unavailable'

/** The error as clients read it, such as `AADSTS50126: …  Trace ID: … Correlation ID: … Timestamp: …`. */
export function oauthError(error: AzureError, call: Call): Record<string, unknown> {
  const timestamp = `${new Date(call.now).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const correlationId = correlationOf(call)
  const { number } = error.extra
  return {
    error: oauthCode(error),
    error_description: `${error.code}: ${error.message} Trace ID: ${call.requestId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: typeof number === 'number' ? [number] : [],
    timestamp,
    trace_id: call.requestId,
    correlation_id: correlationId,
    ...(typeof number === 'number' ? { error_uri: `${call.url.origin}/error?code=${number}` } : {}),
  }
}

/** A person's browser gets a page, a program JSON. */
export function renderError(error: AzureError, call: Call): Response {
  const body = oauthError(error, call)
  const isForPeople = call.request.headers.get('accept')?.includes('text/html') ?? false
  if (isForPeople) return errorPage(error, String(body.error_description))
  return Response.json(body, {
    status: error.status,
    headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache', ...error.headers },
  })
}

function oauthCode({ extra, status }: AzureError): string {
  if (typeof extra.error === 'string') return extra.error
  return status >= 500 ? 'temporarily_unavailable' : 'invalid_request'
}

/** Clients of the authority name their correlation id otherwise than those of the resource manager. */
function correlationOf(call: Call): string {
  const sent = call.request.headers.get('client-request-id') ?? call.url.searchParams.get('client-request-id')
  return sent !== null && /^[0-9a-f-]{36}$/i.test(sent) ? sent : call.correlationId
}
