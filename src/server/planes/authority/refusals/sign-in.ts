import { refusal } from './refusal.ts'

/** People who cannot be signed in, and earlier sign-ins that have ended or not begun yet. */

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

export const authorizationPending = () =>
  refusal(70016, 'authorization_pending', 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.')

export const authorizationDeclined = () =>
  refusal(70019, 'authorization_declined', 'The end user has denied the authorization request.')

export const deviceCodeExpired = () =>
  refusal(70020, 'expired_token', 'The provided device code has expired. Ask for a new one.')

export const deviceCodeUnknown = () =>
  refusal(70018, 'bad_verification_code', 'The device code is not known, or has been redeemed.')
