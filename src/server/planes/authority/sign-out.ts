import { type Operation, operation } from '../../door/operation.ts'
import { type Authority, requireTenant } from './authority.ts'
import { html, page } from './pages/html.ts'

/**
 * The end of a session, as programs with a browser ask for it. The browser keeps none here: a sign-in page asks for the
 * password each time. So it only says so, and sends nobody on to an address that it was handed.
 */
export const signOut = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: 'authority/logout',
    route: `GET /:tenant/oauth2${version === 'v2' ? '/v2.0' : ''}/logout`,
    access: { open: 'it ends nothing and shows nothing' },
    run(cx) {
      requireTenant(authority, cx.params.tenant ?? '')
      return page('Signed out', html`<p>You are signed out here. You may close this page.</p>`)
    },
  })
