import { refusal } from './refusal.ts'

/** Requests for the sign-in page. */

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
