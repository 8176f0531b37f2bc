import { json, type MetadataResponse } from './exchange.ts'
import { newestVersions } from './versions.ts'

type Wording = {
  readonly status?: number
  /** Identity answers name the error; the others have only a text. */
  readonly code?: string
  /** Where the other categories word the same condition differently. */
  readonly plain?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly headers?: Record<string, string>
}

/** A request that is answered with an error. The message goes over the wire. */
export class Refusal extends Error {
  readonly wording: Wording

  constructor(message: string, wording: Wording = {}) {
    super(message)
    this.wording = wording
  }
}

// Texts without a comment are those of real answers.

export const metadataHeaderMissing = () =>
  new Refusal('Required metadata header not specified', {
    plain: 'Bad request: . Required metadata header not specified',
  })

// Azure documents that such a request is refused, but not in which words; the same holds for the next three.
export const forwardedRequest = () => new Refusal('Requests with an X-Forwarded-For header are not allowed')

export const queryMalformed = () => new Refusal('The query string is malformed')

export const queryTooLong = () => new Refusal('The query string is too long', { status: 414 })

export const queryVariableRepeated = (name: string) =>
  new Refusal(`Query variable '${name}' is specified more than once`)

export const queryVariableMissing = (name: string) => new Refusal(`Required query variable '${name}' is missing`)

export const queryVariableInvalid = (name: string, allowed: string) =>
  new Refusal(`Query variable '${name}' is invalid: ${allowed}`)

export const apiVersionInvalid = () =>
  new Refusal(
    'Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds',
    { details: { 'newest-versions': newestVersions } },
  )

export const identityNotFound = () => new Refusal('Identity not found')

export const identityAmbiguous = () =>
  new Refusal(
    'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
  )

export const selectorsConflict = () =>
  new Refusal('Query variables client_id, object_id and msi_res_id are mutually exclusive')

/** What `issueToken` throws when the authority refuses: its error goes to the client as it is. */
export const tokenRefused = (status: number, error: string, description: string) =>
  new Refusal(description, { status, code: error })

/** A part of ours failed. */
export const failed = () =>
  new Refusal('Failed to retrieve token from the Active directory', {
    status: 500,
    code: 'unknown',
    plain: 'Internal service error',
  })

export const elementNotFound = () => new Refusal('Not found', { status: 404 })

export const loadBalancerNotFound = () =>
  new Refusal(
    'No load balancer metadata is found. Please check if your VM is using any non-basic SKU load balancer and retry later.',
    { status: 404 },
  )

export const methodNotAllowed = (path: string, method: string) =>
  new Refusal(`Http method is not allowed: Path = "${path}", Method = "${method}"`, {
    status: 405,
    headers: { allow: 'GET' },
  })

// @azure/identity retries a 429 only if it says when.
export const tooManyRequests = (waitSec: number) =>
  new Refusal('Too many requests', {
    status: 429,
    code: 'too_many_requests',
    headers: { 'retry-after': String(waitSec) },
  })

/** `{"error","error_description"}` for the identity category, `{"error"}` for the others. */
export function renderRefusal(refusal: Refusal, category: 'identity' | 'other'): MetadataResponse {
  const { status = 400, code = 'invalid_request', plain = refusal.message, details, headers } = refusal.wording
  const error = category === 'identity' ? { error: code, error_description: refusal.message } : { error: plain }
  return json(status, { ...error, ...details }, headers)
}
