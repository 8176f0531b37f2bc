import { systemGrant } from '../../../access/grant.ts'
import { managedIdentityClaims } from '../../../tokens/managed-identity.ts'
import { answer, tokenLifetimeSec } from '../answer.ts'
import { authenticateClient } from '../client.ts'
import { credentialMissing, servicePrincipalMissing } from '../refusals/client.ts'
import { applicationWish } from '../scopes.ts'
import type { Grant } from './grant.ts'

const lookUpServicePrincipal = systemGrant('find the service principal of an application that signs in')

/** A program signs in as itself. */
export const clientCredentials: Grant = async (cx, authority, form, style) => {
  const { client, proof } = await authenticateClient(cx, authority, form)
  if (proof === '0') throw credentialMissing()
  const wish = await applicationWish(cx, form, style)
  const { clientId } = client
  const principal = await cx.store.principals.get(lookUpServicePrincipal, { clientId })
  if (!principal) throw servicePrincipalMissing(clientId, authority.directory.tenantId)
  cx.identified(principal)

  const { objectId, resourceId } = principal
  const issued = await cx.tokens.issueAccess({
    audience: wish.resource,
    lifetimeSec: tokenLifetimeSec,
    claims: {
      oid: objectId,
      ...(principal.kind === 'managedIdentity' && resourceId !== undefined
        ? managedIdentityClaims({ clientId, resourceId })
        : { appid: clientId, appidacr: proof, idtyp: 'app' }),
    },
  })
  return answer(cx, style, wish, issued)
}
