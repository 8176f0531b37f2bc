import { compactVerify, errors } from 'jose'
import * as z from 'zod'
import { systemGrant } from '../../../access/grant.ts'
import type { Context } from '../../../door/operation.ts'
import type { Application } from '../../../store/applications.ts'
import type { Principal } from '../../../store/principals.ts'
import { type Authority, idTokenIssuer } from '../authority.ts'
import { assertionMalformed, assertionSignature, noFederatedIdentity } from '../refusals/assertion.ts'
import { type PresentedAssertion, requireTimely } from './presented-assertion.ts'

/** Whose tokens stand in for a credential: those of `issuer` about `subject`, meant for one of `audiences`. */
export const federatedTrust = z.object({ issuer: z.string(), subject: z.string(), audiences: z.array(z.string()) })
export type FederatedTrust = z.infer<typeof federatedTrust>

const credentialType = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials'
/** Azure allows 20 for one identity. */
const mostCredentials = 20

const readTrust = systemGrant('check an assertion against the federated credentials of a client')

/**
 * An assertion of another identity provider. What the client trusts is compared first, to the letter: only then is
 * the issuer, which an administrator has named, asked for its keys.
 */
export async function verifyFederatedAssertion(
  cx: Context,
  authority: Authority,
  client: { clientId: string; application: Application } | { clientId: string; managedIdentity: Principal },
  assertion: PresentedAssertion,
): Promise<void> {
  const { claims, audiences, header } = assertion
  const issuers = issuersMeant(cx, authority, claims.iss)
  const trusts =
    'application' in client
      ? await trustOfApplication(cx, client.application)
      : await trustOfIdentity(cx, client.managedIdentity)
  const trust = trusts.find(
    ({ issuer, subject, audiences: accepted }) =>
      issuers.includes(issuer) && subject === claims.sub && audiences.some(audience => accepted.includes(audience)),
  )
  if (!trust) throw noFederatedIdentity(claims.iss, claims.sub, audiences.join(' '))

  if (claims.iss === cx.tokens.issuer) {
    const verdict = await cx.tokens.verify(assertion.token, audience => trust.audiences.includes(audience))
    if (!verdict.valid)
      throw assertionSignature(client.clientId, `the token of this authority is not valid (${verdict.reason})`)
    return
  }

  requireTimely(cx, assertion)
  const { alg = '', kid } = header
  if (alg !== 'RS256' && alg !== 'ES256')
    throw assertionMalformed(`it is signed with ${alg || 'nothing'}; RS256 and ES256 are accepted`)
  const key = await authority.issuers.key(trust.issuer, kid, alg)
  if (!key) throw assertionSignature(client.clientId, `the issuer publishes no key '${kid ?? ''}'`)
  try {
    await compactVerify(assertion.token, key, { algorithms: [alg] })
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) {
      throw assertionSignature(client.clientId, "the signature does not fit the issuer's key")
    }
    throw error
  }
}

/** Our own access tokens carry the v1 name; what people copy from a discovery document is the v2 name of the same. */
const issuersMeant = (cx: Context, authority: Authority, issuer: string): string[] =>
  issuer === cx.tokens.issuer ? [issuer, idTokenIssuer(authority, 'v2', cx.url.origin)] : [issuer]

async function trustOfApplication(cx: Context, { objectId }: Application): Promise<FederatedTrust[]> {
  const credentials = await cx.store.principals.credentials(readTrust, objectId)
  return credentials
    .filter(({ kind }) => kind === 'federated')
    .map(({ verifier }) => federatedTrust.parse(JSON.parse(verifier)))
}

async function trustOfIdentity(cx: Context, { resourceId }: Principal): Promise<FederatedTrust[]> {
  if (resourceId === undefined) return []
  const listing = { in: resourceId, type: credentialType }
  const found = await cx.store.resources.list(readTrust, listing, { limit: mostCredentials })
  return found.map(({ body }) => federatedTrust.parse(body.properties))
}
