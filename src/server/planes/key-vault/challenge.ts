import { decodeJwt } from 'jose'
import { bearerToken } from '../../door/authenticate.ts'
import type { Call } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'

/**
 * Clients of a vault ask without a token first, and learn from this answer where to get one and for whom. They refuse
 * an audience that the vault's own address does not lie below, so it is the vault's name without its first label.
 */
export function challenged(
  { config, directory, tokens }: Pick<Parts, 'config' | 'directory' | 'tokens'>,
  { url, request }: Call,
  why: 'missing' | 'invalid' | 'expired' | 'audience' | 'tenant',
): AzureError {
  const port = url.port === '' ? '' : `:${url.port}`
  const isOwnName = url.hostname.endsWith(`.${config.domain}`)
  const authority = isOwnName ? `https://login.${config.domain}${port}` : 'https://login.microsoftonline.com'
  const audience = `https://${url.host.slice(url.host.indexOf('.') + 1)}`
  const refused = {
    missing: () => 'AKV10000: Request is missing a Bearer or PoP token.',
    invalid: () => '[BearerReadAccessTokenFailed] Error validating token: the token is not valid.',
    expired: () => '[TokenExpired] Error validating token: the token has expired.',
    audience: () => `AKV10022: Invalid audience. Expected ${audience}, found: ${claim(request, 'aud')}.`,
    tenant: () => `AKV10032: Invalid issuer. Expected one of ${tokens.issuer}, found ${claim(request, 'iss')}.`,
  }
  return new AzureError(401, 'Unauthorized', refused[why](), {
    headers: {
      // Only the tenant in the path: clients take the whole of it for the tenant's id. A blank after the comma, which
      // one of them splits by.
      'WWW-Authenticate': `Bearer authorization="${authority}/${directory.tenantId}", resource="${audience}"`,
    },
  })
}

/** Of a token whose signature was good. */
const claim = (request: Request, name: 'aud' | 'iss') => String(decodeJwt(bearerToken(request) ?? '')[name])
