import { readForm } from '../../door/body.ts'
import { type Operation, operation } from '../../door/operation.ts'
import { type Authority, requireTenant, styleOf } from './authority.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import { deviceCode } from './grants/device-code.ts'
import type { Grant } from './grants/grant.ts'
import { password } from './grants/password.ts'
import { refreshToken } from './grants/refresh-token.ts'
import { missingParameter, unsupportedGrantType } from './refusals/request.ts'

const grants: Readonly<Record<string, Grant>> = {
  client_credentials: clientCredentials,
  password,
  refresh_token: refreshToken,
  authorization_code: authorizationCode,
  'urn:ietf:params:oauth:grant-type:device_code': deviceCode,
  // What v1 calls it.
  device_code: deviceCode,
}

/** The token endpoint: whoever proves who they are is handed a token that says so. */
export const token = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: 'authority/token',
    route: `POST /:tenant/oauth2${version === 'v2' ? '/v2.0' : ''}/token`,
    access: { open: 'here tokens are had in the first place; each grant checks its own proof' },
    changes: true,
    async run(cx) {
      const { tenant = '' } = cx.params
      requireTenant(authority, tenant)
      const form = await readForm(cx.request)
      const type = form.get('grant_type')
      if (!type) throw missingParameter('grant_type')
      const grant = Object.hasOwn(grants, type) ? grants[type] : undefined
      if (!grant) throw unsupportedGrantType(type)
      const answer = await grant(cx, authority, form, styleOf(tenant, version))
      return Response.json(answer, { headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } })
    },
  })
