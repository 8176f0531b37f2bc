import { readForm } from '../../door/body.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import type { Authority } from './authority.ts'
import { putCode } from './authorization-codes.ts'
import {
  type AuthorizationRequest,
  readAuthorizationRequest,
  readReturnAddress,
  sendBack,
  sendErrorBack,
} from './authorization-request.ts'
import { page } from './pages/html.ts'
import { newPageToken, pageCookie, requirePageToken } from './pages/page-token.ts'
import { signInForm } from './pages/sign-in-form.ts'
import { signInWithPassword } from './person.ts'
import { accessDenied } from './refusals/page.ts'

const routeOf = (version: 'v1' | 'v2') => `/:tenant/oauth2${version === 'v2' ? '/v2.0' : ''}/authorize`

/** The sign-in page. */
export const showSignIn = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: 'authority/authorize/read',
    route: `GET ${routeOf(version)}`,
    access: { open: 'who comes here is about to sign in' },
    run: cx =>
      withRequest(cx, authority, version, async request =>
        signInPage(request, newPageToken(), { username: request.loginHint }),
      ),
  })

/** What the person typed. */
export const signIn = (authority: Authority, version: 'v1' | 'v2'): Operation =>
  operation({
    name: 'authority/authorize',
    route: `POST ${routeOf(version)}`,
    access: { open: 'a password is its own proof' },
    changes: true,
    run: cx =>
      withRequest(cx, authority, version, async request => {
        const form = await readForm(cx.request)
        const pageToken = requirePageToken(cx, form)
        if (form.get('cancel')) return sendErrorBack(request, accessDenied(), cx)
        const username = form.get('username') ?? ''
        try {
          const { signedIn } = await signInWithPassword(cx, authority, {
            username,
            password: form.get('password') ?? '',
          })
          const { client, ...rest } = request
          const content = { ...signedIn, clientId: client.clientId, ...codeContent(rest) }
          const code = await cx.store.write(tx => putCode(tx, content, cx.now))
          return sendBack(request, { code, session_state: cx.requestId })
        } catch (error) {
          if (!(error instanceof AzureError) || error.status >= 500) throw error
          return signInPage(request, pageToken, { username, problem: error.message, status: error.status })
        }
      }),
  })

const codeContent = ({ redirectUri, codeChallenge, wish, nonce, style }: Omit<AuthorizationRequest, 'client'>) => ({
  redirectUri,
  codeChallenge,
  wish,
  nonce,
  style,
})

/** From the moment that it is known where errors may go, they go there. */
async function withRequest(
  cx: Context,
  authority: Authority,
  version: 'v1' | 'v2',
  work: (request: AuthorizationRequest) => Promise<Response>,
): Promise<Response> {
  const { client, address } = await readReturnAddress(cx, authority)
  let request: AuthorizationRequest
  try {
    request = await readAuthorizationRequest(cx, version, client, address)
  } catch (error) {
    if (error instanceof AzureError && error.status < 500) return sendErrorBack(address, error, cx)
    throw error
  }
  return work(request)
}

function signInPage(
  { client, redirect }: AuthorizationRequest,
  pageToken: string,
  { username, problem, status = 200 }: { username: string; problem?: string; status?: number },
): Response {
  const form = signInForm({ clientName: client.displayName, pageToken, username, problem })
  // A custom scheme has no origin; its name alone is what the rule for forms knows.
  const formTarget = redirect.origin === 'null' ? redirect.protocol : redirect.origin
  return page('Sign in', form, { status, headers: pageCookie(pageToken), formTarget })
}
