import { refusal } from './refusal.ts'

/** What is wrong with a request, whoever sends it. */

export const tenantNotFound = (tenant: string) =>
  refusal(
    90002,
    'invalid_request',
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  )

export const missingParameter = (name: string) =>
  refusal(900144, 'invalid_request', `The request body must contain the following parameter: '${name}'.`)

export const malformedRequest = (detail: string) =>
  refusal(9002313, 'invalid_request', `Invalid request. Request is malformed or invalid: ${detail}.`)

export const unsupportedGrantType = (grantType: string) =>
  refusal(70003, 'unsupported_grant_type', `The app requested an unsupported grant type '${grantType}'.`)

export const unknownInstance = () =>
  refusal(50049, 'invalid_instance', 'Unknown or invalid instance: the authorization endpoint is not one of ours.')

export const nothingHere = (path: string) =>
  refusal(90023, 'invalid_request', `There is no endpoint of the authority at '${path}'.`, { status: 404 })

export const resourceUnknown = (text: string) => refusal(500011, 'invalid_resource', text)

export const scopeNotDefault = (scope: string) =>
  refusal(
    1002012,
    'invalid_scope',
    `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  )

export const scopeInvalid = (scope: string) =>
  refusal(
    70011,
    'invalid_scope',
    `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
  )

export const scopeOfSeveralResources = (scope: string) =>
  refusal(
    28000,
    'invalid_request',
    `Provided value for the input parameter scope is not valid because it contains more than one resource. Scope ${scope} is not valid.`,
  )
