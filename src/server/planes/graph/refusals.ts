import { AzureError } from '../../errors.ts'

/** What the directory's API says no with, in Microsoft Graph's words. */

export const objectNotFound = (id: string) =>
  new AzureError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )

export const badRequest = (message: string) => new AzureError(400, 'Request_BadRequest', message)

export const invalidValue = (property: string, rule = 'Invalid value specified for property') =>
  badRequest(`${rule} '${property}'.`)

export const alreadyExists = (property: string) =>
  new AzureError(
    400,
    'Request_BadRequest',
    `Another object with the same value for property ${property} already exists.`,
    { extra: { details: [{ code: 'ObjectConflict', message: `${property} is taken.`, target: property }] } },
  )

export const unsupportedQuery = (detail: string) =>
  new AzureError(400, 'Request_UnsupportedQuery', `Unsupported Query. ${detail}`)

export const invalidFilter = (detail: string) => new AzureError(400, 'BadRequest', `Invalid filter clause: ${detail}`)

export const onlyForPeople = () =>
  new AzureError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.')

export const unknownSegment = (segment: string) =>
  new AzureError(400, 'BadRequest', `Resource not found for the segment '${segment}'.`)

export const lastOwner = () =>
  new AzureError(
    403,
    'Authorization_RequestDenied',
    "This is the last principal that is Owner at '/'. Without it, nobody could manage this directory any more. Assign that role to another one first.",
  )

export const requestDenied = () =>
  new AzureError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')

export const tokenRefused = (why: 'missing' | 'invalid' | 'expired' | 'audience' | 'tenant') =>
  new AzureError(401, 'InvalidAuthenticationToken', tokenTexts[why], {
    headers: { 'WWW-Authenticate': 'Bearer realm="", error="invalid_token"' },
  })

const tokenTexts = {
  missing: 'Access token is empty.',
  invalid: 'Access token validation failure.',
  expired: 'Lifetime validation failed, the token is expired.',
  audience: 'Access token validation failure. Invalid audience.',
  tenant: 'Access token validation failure. Invalid issuer.',
} as const
