import { type Operation, operation } from '../../door/operation.ts'
import { type Authority, requireTenant } from './authority.ts'

/** The public keys that tokens are signed with: the current one, and those that it replaced less than a day ago. */
export const keyDocument = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: `authority/keys/${version}`,
    route: `GET /:tenant/discovery/${version === 'v2' ? 'v2.0/' : ''}keys`,
    access: { open: 'public keys are public: whoever was handed a token checks it with them' },
    async run(cx) {
      requireTenant(authority, cx.params.tenant ?? '')
      const keys = await cx.tokens.keys.jwks()
      const issuer = `https://login.microsoftonline.com/${authority.directory.tenantId}/v2.0`
      return Response.json({ keys: version === 'v2' ? keys.map(key => ({ ...key, issuer })) : keys })
    },
  })
