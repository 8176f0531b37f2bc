import { refusal, unauthorized } from './refusal.ts'

/** Tokens that were to stand in for a credential. */

export const assertionMalformed = (detail: string) =>
  refusal(50027, 'invalid_request', `JWT token is invalid or malformed: ${detail}.`)

export const assertionTypeUnknown = () =>
  refusal(
    900144,
    'invalid_request',
    "The request body must contain the following parameter: 'client_assertion_type' with the value 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.",
  )

export const assertionOutOfTime = (detail: string) =>
  refusal(700024, 'invalid_client', `Client assertion is not within its valid time range: ${detail}.`, unauthorized)

export const assertionAudience = (audience: string) =>
  refusal(
    50027,
    'invalid_client',
    `Client assertion failed: its audience '${audience}' is not a token endpoint of this authority.`,
    unauthorized,
  )

export const assertionSignature = (clientId: string, detail: string) =>
  refusal(
    700027,
    'invalid_client',
    `Client assertion failed signature validation for app '${clientId}': ${detail}.`,
    unauthorized,
  )

export const noFederatedIdentity = (issuer: string, subject: string, audience: string) =>
  refusal(
    700213,
    'invalid_request',
    `No matching federated identity record found for presented assertion subject '${subject}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion: issuer '${issuer}', audience '${audience}'.`,
  )

export const issuerKeysUnavailable = (issuer: string, detail: string) =>
  refusal(50166, 'invalid_client', `The keys of the external issuer '${issuer}' could not be fetched: ${detail}.`, {
    status: 503,
  })
