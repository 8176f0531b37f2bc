import type { IssuedToken } from '../../metadata/identity-token.ts'
import { tokenRefused } from '../../metadata/refusal.ts'
import type { Parts } from '../parts.ts'
import { isKnownAudience } from './known-audience.ts'

const lifetimeSec = 24 * 3600

type ManagedIdentityWish = {
  /** The machine that asks. */
  readonly machine: { readonly resourceId: string }
  /** Whose token: the machine's own identity, or a user-assigned one with the id of that resource. */
  readonly identity: { readonly clientId: string; readonly principalId: string; readonly resourceId: string }
  readonly resource: string
}

/** A token for a machine's managed identity, valid for a day. Rejects with the metadata service's refusal when nobody answers to `resource`. */
export async function issueManagedIdentityToken(
  parts: Pick<Parts, 'store' | 'tokens' | 'directory'>,
  { machine, identity, resource }: ManagedIdentityWish,
): Promise<IssuedToken> {
  if (!(await isKnownAudience(parts, resource)))
    throw tokenRefused(400, 'invalid_resource', `AADSTS500011: ${unknownResource(parts, resource)}`)
  const isMachinesOwn = identity.resourceId.toLowerCase() === machine.resourceId.toLowerCase()
  const issued = await parts.tokens.issueAccess({
    audience: resource,
    lifetimeSec,
    claims: {
      oid: identity.principalId,
      ...managedIdentityClaims(identity),
      // Which machine asked; for a machine's own identity that is said by xms_mirid already.
      ...(isMachinesOwn ? {} : { xms_az_rid: machine.resourceId }),
    },
  })
  return { accessToken: issued.token, notBefore: issued.notBefore, expiresOn: issued.expiresOn }
}

/** What every token of a managed identity says, whichever way it was asked for. */
export const managedIdentityClaims = (identity: { clientId: string; resourceId: string }) => ({
  appid: identity.clientId,
  appidacr: '2',
  idtyp: 'app',
  xms_mirid: identity.resourceId,
})

/** How the authority words that there is no such resource. */
export const unknownResource = ({ directory }: Pick<Parts, 'directory'>, resource: string) =>
  `The resource principal named ${resource} was not found in the tenant named ${directory.displayName}. ` +
  'This can happen if the application has not been installed by the administrator of the tenant or consented to by any ' +
  'user in the tenant. You might have sent your authentication request to the wrong tenant.'
