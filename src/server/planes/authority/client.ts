import { systemGrant } from '../../access/grant.ts'
import { secretFits } from '../../directory/credentials.ts'
import type { Context } from '../../door/operation.ts'
import type { Application } from '../../store/applications.ts'
import type { Principal } from '../../store/principals.ts'
import { verifyCertificateAssertion } from './assertions/certificate-assertion.ts'
import { verifyFederatedAssertion } from './assertions/federated-assertion.ts'
import { readAssertion } from './assertions/presented-assertion.ts'
import type { Authority } from './authority.ts'
import { type FirstPartyClient, firstPartyClient } from './first-party-clients.ts'
import { assertionTypeUnknown } from './refusals/assertion.ts'
import {
  applicationNotFound,
  credentialMissing,
  publicClientRefused,
  secretExpired,
  secretInvalid,
} from './refusals/client.ts'
import { malformedRequest, missingParameter } from './refusals/request.ts'

/** The program that asks, which is not the person that uses it. */
export type Client = { readonly clientId: string; readonly displayName: string } & (
  | { readonly firstParty: FirstPartyClient }
  | { readonly application: Application }
  | { readonly managedIdentity: Principal }
)

/** How a client proved itself, in the words of the `appidacr` claim: not at all, by a secret, by an assertion. */
export type Proof = '0' | '1' | '2'

const lookUpClient = systemGrant('find the client that asks for a token')

/** Throws AADSTS700016 when there is no such application. */
export async function findClient(cx: Context, authority: Authority, id: string): Promise<Client> {
  const clientId = id.toLowerCase()
  const firstParty = firstPartyClient(clientId)
  if (firstParty) return { clientId, displayName: firstParty.displayName, firstParty }
  const application = await cx.store.applications.get(lookUpClient, { clientId })
  if (application) return { clientId, displayName: application.displayName, application }
  const principal = await cx.store.principals.get(lookUpClient, { clientId })
  if (principal?.kind === 'managedIdentity') {
    return { clientId, displayName: principal.displayName, managedIdentity: principal }
  }
  throw applicationNotFound(id, authority.directory.displayName)
}

/** Reads who the client is from the form or a Basic header, and checks what it proves that with. */
export async function authenticateClient(
  cx: Context,
  authority: Authority,
  form: URLSearchParams,
): Promise<{ client: Client; proof: Proof }> {
  const basic = basicCredentials(cx.request.headers.get('authorization'))
  const id = basic?.id ?? form.get('client_id')
  if (!id) throw missingParameter('client_id')
  cx.identified({ claimed: id })
  const client = await findClient(cx, authority, id)

  const secret = basic?.secret ?? form.get('client_secret')
  const assertion = form.get('client_assertion')
  if (secret && assertion) throw malformedRequest('a client proves itself in one way')
  if ((secret || assertion) && 'firstParty' in client) throw publicClientRefused(id)
  if (assertion) {
    await verifyAssertion(cx, authority, client, assertion, form.get('client_assertion_type'))
    return { client, proof: '2' }
  }
  if (secret) {
    await verifySecret(cx, authority, client, secret)
    return { client, proof: '1' }
  }
  return { client, proof: '0' }
}

/** For flows of people: programs on a person's machine cannot keep a secret and need none, if registered as such. */
export function requireProofUnlessPublic(client: Client, proof: Proof): void {
  if (proof === '0' && !isPublic(client)) throw credentialMissing()
}

function isPublic(client: Client): boolean {
  if ('firstParty' in client) return true
  if (!('application' in client)) return false
  const { isFallbackPublicClient, publicClient, spa } = client.application.body
  return isFallbackPublicClient === true || hasRedirects(publicClient) || hasRedirects(spa)
}

const hasRedirects = (platform: unknown) =>
  typeof platform === 'object' &&
  platform !== null &&
  'redirectUris' in platform &&
  Array.isArray(platform.redirectUris) &&
  platform.redirectUris.length > 0

async function verifyAssertion(
  cx: Context,
  authority: Authority,
  client: Client,
  text: string,
  type: string | null,
): Promise<void> {
  if (type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') throw assertionTypeUnknown()
  const assertion = readAssertion(text)
  const isOwn = assertion.claims.iss.toLowerCase() === client.clientId
  if ('application' in client && isOwn) await verifyCertificateAssertion(cx, authority, client.application, assertion)
  else if (!('firstParty' in client)) await verifyFederatedAssertion(cx, authority, client, assertion)
}

async function verifySecret(cx: Context, authority: Authority, client: Client, secret: string): Promise<void> {
  const { clientId } = client
  const check = async () => {
    if (!('application' in client)) return undefined
    const credentials = await cx.store.principals.credentials(lookUpClient, client.application.objectId)
    const fitting = credentials.filter(({ kind, verifier }) => kind === 'secret' && secretFits(verifier, secret))
    if (fitting.length === 0) return undefined
    const isTimely = fitting.some(
      ({ startsAt = 0, expiresAt = Number.POSITIVE_INFINITY }) => startsAt <= cx.now && expiresAt > cx.now,
    )
    return isTimely ? 'good' : 'expired'
  }
  const verdict = await authority.guard.attempt(
    { account: clientId, address: cx.peer.address, isGuessable: false },
    check,
  )
  if (verdict === undefined) throw secretInvalid(clientId)
  if (verdict === 'expired') throw secretExpired(clientId)
}

/** RFC 6749, 2.3.1: both parts are form-encoded inside the Basic header. */
function basicCredentials(header: string | null): { id: string; secret: string } | undefined {
  const encoded = header === null ? undefined : /^Basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const decode = (part: string) => new URLSearchParams(`part=${part.replaceAll('&', '%26')}`).get('part') ?? ''
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) }
}
