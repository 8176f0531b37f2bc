import { AzureError } from '../../errors.ts'
import type { OAuthError } from './render-error.ts'

/**
 * What the authority says no with. People and scripts search for the AADSTS number, so that is the code; the OAuth
 * error beside it is what client libraries act upon.
 */
const refusal = (
  number: number,
  error: OAuthError,
  text: string,
  { status = 400, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) => new AzureError(status, `AADSTS${number}`, text, { headers, extra: { error, number } })

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

// Clients

export const applicationNotFound = (clientId: string, tenant: string) =>
  refusal(
    700016,
    'unauthorized_client',
    `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  )

export const servicePrincipalMissing = (clientId: string, tenantId: string) =>
  refusal(
    7000229,
    'unauthorized_client',
    `The client application ${clientId} is missing service principal in the tenant ${tenantId}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119.`,
  )

const clientRefused = { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="authority"' } }

export const credentialMissing = () =>
  refusal(
    7000218,
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    clientRefused,
  )

export const secretInvalid = (clientId: string) =>
  refusal(
    7000215,
    'invalid_client',
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    clientRefused,
  )

export const secretExpired = (clientId: string) =>
  refusal(
    7000222,
    'invalid_client',
    `The provided client secret keys for app '${clientId}' are expired. Create new keys for your app, or use certificate credentials.`,
    clientRefused,
  )

export const publicClientRefused = (clientId: string) =>
  refusal(
    700025,
    'invalid_client',
    `Client is public so neither 'client_assertion' nor 'client_secret' should be presented: '${clientId}'.`,
    clientRefused,
  )

// Assertions

export const assertionMalformed = (detail: string) =>
  refusal(50027, 'invalid_request', `JWT token is invalid or malformed: ${detail}.`)

export const assertionTypeUnknown = () =>
  refusal(
    900144,
    'invalid_request',
    "The request body must contain the following parameter: 'client_assertion_type' with the value 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.",
  )

export const assertionOutOfTime = (detail: string) =>
  refusal(700024, 'invalid_client', `Client assertion is not within its valid time range: ${detail}.`, clientRefused)

export const assertionAudience = (audience: string) =>
  refusal(
    50027,
    'invalid_client',
    `Client assertion failed: its audience '${audience}' is not a token endpoint of this authority.`,
    clientRefused,
  )

export const assertionSignature = (clientId: string, detail: string) =>
  refusal(
    700027,
    'invalid_client',
    `Client assertion failed signature validation for app '${clientId}': ${detail}.`,
    clientRefused,
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

// Resources and scopes

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

// People

export const passwordInvalid = () =>
  refusal(50126, 'invalid_grant', 'Error validating credentials due to invalid username or password.')

export const accountDisabled = () => refusal(50057, 'invalid_grant', 'The user account is disabled.')

export const tooManyFailures = (waitSec: number) =>
  refusal(
    50053,
    'invalid_grant',
    "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
    { status: 429, headers: { 'Retry-After': String(waitSec) } },
  )

// What stands for an earlier sign-in

export const refreshTokenInvalid = () =>
  refusal(
    70043,
    'invalid_grant',
    'The refresh token has expired, was revoked, or was replaced by a newer one. Sign in again.',
  )

export const grantOfAnotherClient = () =>
  refusal(70000, 'invalid_grant', 'The provided grant was issued to another client id.')

export const passwordChanged = () =>
  refusal(
    50173,
    'invalid_grant',
    'The provided grant has expired due to it being revoked: the password was changed or reset since, or the account is gone. A fresh sign-in is needed.',
  )

export const codeInvalid = () =>
  refusal(
    70008,
    'invalid_grant',
    'The provided authorization code has expired or is not known. Send a new interactive authorization request.',
  )

export const codeRedeemed = () =>
  refusal(
    54005,
    'invalid_grant',
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  )

export const codeRedirectMismatch = () =>
  refusal(
    500112,
    'invalid_client',
    'The redirect address specified in the request does not match the one the code was sent to.',
  )

export const codeVerifierMismatch = () =>
  refusal(
    501481,
    'invalid_grant',
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  )

// Devices: these errors are the protocol's way to say "ask again" and are told apart by the OAuth error alone.

export const authorizationPending = () =>
  refusal(70016, 'authorization_pending', 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.')

export const authorizationDeclined = () =>
  refusal(70019, 'authorization_declined', 'The end user has denied the authorization request.')

export const deviceCodeExpired = () =>
  refusal(70020, 'expired_token', 'The provided device code has expired. Ask for a new one.')

export const deviceCodeUnknown = () =>
  refusal(70018, 'bad_verification_code', 'The device code is not known, or has been redeemed.')

// Pages

export const redirectNotRegistered = (redirect: string, clientId: string) =>
  refusal(
    50011,
    'invalid_request',
    `The redirect URI '${redirect}' specified in the request does not match the redirect URIs configured for the application '${clientId}'. Make sure the redirect URI sent in the request matches one added to your application.`,
  )

export const proofKeyRequired = (detail: string) =>
  refusal(
    9002325,
    'invalid_request',
    `Proof Key for Code Exchange is required for authorization code redemption: ${detail}.`,
  )

export const responseTypeUnsupported = (value: string) =>
  refusal(
    700054,
    'unsupported_response_type',
    `response_type '${value}' is not enabled for the application; only 'code' is.`,
  )

export const loginRequired = () =>
  refusal(50058, 'login_required', 'A silent sign-in request was sent but no user is signed in.')

export const accessDenied = () => refusal(65004, 'access_denied', 'User declined to sign in.')

export const pageExpired = () =>
  refusal(
    165000,
    'invalid_request',
    'This page was not opened here, or has been open for too long. Go back and start again.',
  )

export const nothingHere = (path: string) =>
  refusal(90023, 'invalid_request', `There is no endpoint of the authority at '${path}'.`, { status: 404 })
