import { type Operation, operation } from '../../door/operation.ts'
import { type Authority, baseUrl, idTokenIssuer, requireTenant, styleOf } from './authority.ts'

const why = 'clients read where the endpoints are before they can ask for a token'

/** OpenID Connect discovery. The tenant appears in it as the client wrote it. */
export const discoveryDocument = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: `authority/openid-configuration/${version}`,
    route: `GET /:tenant${version === 'v2' ? '/v2.0' : ''}/.well-known/openid-configuration`,
    access: { open: why },
    async run(cx) {
      const { tenant = '' } = cx.params
      requireTenant(authority, tenant)
      const style = styleOf(tenant, version)
      const base = baseUrl(cx, tenant)
      const oauth = style === 'v2' ? `${base}/oauth2/v2.0` : `${base}/oauth2`
      return Response.json({
        issuer: idTokenIssuer(authority, style, cx.url.origin),
        authorization_endpoint: `${oauth}/authorize`,
        token_endpoint: `${oauth}/token`,
        device_authorization_endpoint: `${oauth}/devicecode`,
        end_session_endpoint: `${oauth}/logout`,
        jwks_uri: style === 'v2' ? `${base}/discovery/v2.0/keys` : `${base}/discovery/keys`,
        token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
        token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256'],
        response_types_supported: ['code'],
        response_modes_supported: ['query', 'fragment', 'form_post'],
        grant_types_supported: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'password',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        code_challenge_methods_supported: ['S256'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
        claims_supported: [
          'sub',
          'iss',
          'aud',
          'exp',
          'iat',
          'nonce',
          'name',
          'oid',
          'tid',
          'preferred_username',
          'upn',
        ],
        tenant_region_scope: null,
        cloud_instance_name: 'microsoftonline.com',
      })
    },
  })
