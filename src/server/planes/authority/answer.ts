import type { Context } from '../../door/operation.ts'
import type { Principal } from '../../store/principals.ts'
import type { Issued } from '../../tokens/tokens.ts'
import { backdatedSec } from '../../tokens/tokens.ts'
import { type Authority, idTokenIssuer, type Style } from './authority.ts'
import type { Client, Proof } from './client.ts'
import type { TokenWish } from './scopes.ts'

/** The token endpoint's answer: v1 speaks in strings and repeats the resource, the others speak in numbers. */
export type Answer = Readonly<Record<string, string | number>>

export const tokenLifetimeSec = 3600

export function answer(cx: Context, style: Style, { resource }: Pick<TokenWish, 'resource'>, issued: Issued): Answer {
  // Rounded down: a client must not think that a token lives longer than it does.
  const expiresIn = Math.floor(issued.expiresOn - cx.clock.now() / 1000)
  const common = { token_type: 'Bearer', access_token: issued.token }
  if (style !== 'v1') return { ...common, expires_in: expiresIn, ext_expires_in: expiresIn }
  return {
    ...common,
    expires_in: String(expiresIn),
    ext_expires_in: String(expiresIn),
    expires_on: String(issued.expiresOn),
    not_before: String(issued.notBefore),
    resource,
  }
}

type Person = {
  readonly user: Principal
  readonly client: Client
  readonly proof: Proof
  readonly wish: TokenWish
  readonly style: Style
  readonly nonce?: string | undefined
  readonly refreshToken?: string | undefined
}

/** Access token, id token and, where there is one, refresh token of somebody who signed in. */
export async function personAnswer(cx: Context, authority: Authority, person: Person): Promise<Answer> {
  const { user, client, wish, style, nonce, refreshToken } = person
  const { userPrincipalName: name = '', objectId, displayName } = user
  const access = await cx.tokens.issueAccess({
    audience: wish.resource,
    lifetimeSec: tokenLifetimeSec,
    claims: {
      oid: objectId,
      acr: '1',
      amr: ['pwd'],
      appid: client.clientId,
      appidacr: person.proof,
      idtyp: 'user',
      ipaddr: cx.peer.address,
      name: displayName,
      scp: 'user_impersonation',
      unique_name: name,
      upn: name,
    },
  })
  const idToken = await cx.tokens.sign({
    aud: client.clientId,
    iss: idTokenIssuer(authority, style, cx.url.origin),
    iat: access.notBefore,
    nbf: access.notBefore,
    exp: access.notBefore + backdatedSec + tokenLifetimeSec,
    ...(nonce === undefined ? {} : { nonce }),
    sub: objectId,
    oid: objectId,
    tid: authority.directory.tenantId,
    name: displayName,
    preferred_username: name,
    unique_name: name,
    upn: name,
    ver: style === 'v2' ? '2.0' : '1.0',
  })
  return {
    ...answer(cx, style, wish, access),
    scope: wish.scope,
    id_token: idToken,
    // By this, client libraries tell accounts apart.
    client_info: Buffer.from(JSON.stringify({ uid: objectId, utid: authority.directory.tenantId })).toString(
      'base64url',
    ),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  }
}
