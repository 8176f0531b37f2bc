import { timingSafeEqual, X509Certificate } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import { systemGrant } from '../../../access/grant.ts'
import { thumbprint } from '../../../directory/credentials.ts'
import type { Context } from '../../../door/operation.ts'
import type { Application } from '../../../store/applications.ts'
import { type Authority, isOurHost, isTenant } from '../authority.ts'
import { assertionAudience, assertionMalformed, assertionSignature } from '../refusals/assertion.ts'
import { type PresentedAssertion, requireTimely } from './presented-assertion.ts'

const longestSec = 3600

const readCertificates = systemGrant('check an assertion against the certificates of an application')

/**
 * An assertion that the application signed itself. It may be presented again until it expires: Microsoft's own client
 * libraries keep one for its ten minutes and present it for each resource, so a replay check would refuse them.
 */
export async function verifyCertificateAssertion(
  cx: Context,
  authority: Authority,
  application: Application,
  assertion: PresentedAssertion,
): Promise<void> {
  const { header, claims, audiences } = assertion
  const { clientId } = application
  if (claims.sub.toLowerCase() !== clientId) throw assertionMalformed("'sub' and 'iss' are the client id")
  requireTimely(cx, assertion, longestSec)
  if (!audiences.some(audience => isTokenEndpoint(cx, authority, audience))) {
    throw assertionAudience(audiences.join(' '))
  }

  const credentials = await cx.store.principals.credentials(readCertificates, application.objectId)
  const signer = credentials.find(({ kind, verifier }) => kind === 'certificate' && isNamedIn(header, verifier))
  if (!signer) {
    throw assertionSignature(clientId, 'no certificate of the application has the thumbprint in x5t or x5t#S256')
  }
  if ((signer.expiresAt ?? Number.POSITIVE_INFINITY) <= cx.now || (signer.startsAt ?? 0) > cx.now) {
    throw assertionSignature(clientId, 'the certificate is not within its time')
  }
  const { publicKey } = new X509Certificate(Buffer.from(signer.verifier, 'base64'))
  try {
    await compactVerify(assertion.token, publicKey, { algorithms: ['RS256', 'PS256'] })
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) {
      throw assertionSignature(clientId, 'the signature does not fit the certificate')
    }
    throw error
  }
}

/** `x5t` is a SHA-1, `x5t#S256` a SHA-256; where both are there, both must fit. */
function isNamedIn(header: PresentedAssertion['header'], verifier: string): boolean {
  const fits = (said: string | undefined, hash: 'sha1' | 'sha256') => {
    if (said === undefined) return undefined
    const expected = thumbprint(verifier, hash)
    const given = Buffer.from(said, 'base64url')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  const verdicts = [fits(header.x5t, 'sha1'), fits(header['x5t#S256'], 'sha256')].filter(fit => fit !== undefined)
  return verdicts.length > 0 && verdicts.every(Boolean)
}

/** Under any of our names, and at any of the addresses at which a token can be had or that stand for the issuer. */
function isTokenEndpoint(cx: Context, authority: Authority, audience: string): boolean {
  if (!URL.canParse(audience)) return false
  const { protocol, host, pathname } = new URL(audience)
  if (protocol !== 'https:' || (host !== cx.url.host && !isOurHost(authority, host))) return false
  const [, tenant = ''] = /^\/([^/]+)(?:\/oauth2\/(?:v2\.0\/)?token|\/v2\.0|\/)?$/.exec(pathname) ?? []
  return isTenant(authority, tenant)
}
