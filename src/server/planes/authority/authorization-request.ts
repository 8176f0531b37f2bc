import type { Call, Context } from '../../door/operation.ts'
import type { AzureError } from '../../errors.ts'
import { type Authority, requireTenant, type Style, styleOf } from './authority.ts'
import { type Client, findClient } from './client.ts'
import { html, page } from './pages/html.ts'
import { requireRegisteredRedirect } from './redirect.ts'
import { loginRequired, proofKeyRequired, responseTypeUnsupported } from './refusals/page.ts'
import { malformedRequest, missingParameter } from './refusals/request.ts'
import { oauthError } from './render-error.ts'
import { personWish, type TokenWish } from './scopes.ts'

/** A program sends a person to the sign-in page. Everything it says is in the address of that page. */
export type AuthorizationRequest = ReturnAddress & {
  readonly client: Client
  readonly codeChallenge: string
  readonly wish: TokenWish
  readonly nonce: string | undefined
  readonly loginHint: string
  readonly style: Style
}

/** Where the answer goes, whether good or bad. */
export type ReturnAddress = {
  readonly redirectUri: string
  readonly redirect: URL
  readonly responseMode: 'query' | 'fragment' | 'form_post'
  readonly state: string | undefined
}

const responseModes = ['query', 'fragment', 'form_post'] as const

/** Reads where the answer may go. Until this has succeeded, an error is shown here and sent nowhere. */
export async function readReturnAddress(
  cx: Context,
  authority: Authority,
): Promise<{ client: Client; address: ReturnAddress }> {
  requireTenant(authority, cx.params.tenant ?? '')
  const query = cx.url.searchParams
  const clientId = query.get('client_id')
  if (!clientId) throw missingParameter('client_id')
  const client = await findClient(cx, authority, clientId)
  const redirectUri = query.get('redirect_uri')
  if (!redirectUri) throw missingParameter('redirect_uri')
  const redirect = requireRegisteredRedirect(authority, client, redirectUri)
  const mode = query.get('response_mode') ?? 'query'
  const responseMode = responseModes.find(known => known === mode)
  if (!responseMode) throw malformedRequest(`response_mode '${mode}' is not supported`)
  return { client, address: { redirectUri, redirect, responseMode, state: query.get('state') ?? undefined } }
}

export async function readAuthorizationRequest(
  cx: Context,
  version: 'v1' | 'v2',
  client: Client,
  address: ReturnAddress,
): Promise<AuthorizationRequest> {
  const query = cx.url.searchParams
  const style = styleOf(cx.params.tenant ?? '', version)
  const responseType = query.get('response_type') ?? ''
  if (responseType !== 'code') throw responseTypeUnsupported(responseType)
  if (query.get('prompt') === 'none') throw loginRequired()
  const codeChallenge = query.get('code_challenge') ?? ''
  if (query.get('code_challenge_method') !== 'S256') throw proofKeyRequired("code_challenge_method must be 'S256'")
  if (!/^[A-Za-z0-9_-]{43}$/.test(codeChallenge))
    throw proofKeyRequired('code_challenge must be a SHA-256 in base64url')
  const wish = await personWish(cx, query, style)
  if (!wish) throw missingParameter(style === 'v1' ? 'resource' : 'scope')
  return {
    ...address,
    client,
    codeChallenge,
    wish,
    nonce: query.get('nonce') ?? undefined,
    loginHint: query.get('login_hint') ?? '',
    style,
  }
}

/** The answer to the program, by way of the person's browser. */
export function sendBack({ redirect, responseMode, state }: ReturnAddress, answer: Record<string, string>): Response {
  const members = { ...answer, ...(state === undefined ? {} : { state }) }
  if (responseMode === 'form_post') return postBack(redirect, members)
  const target = new URL(redirect)
  if (responseMode === 'fragment') target.hash = new URLSearchParams(members).toString()
  else for (const [name, value] of Object.entries(members)) target.searchParams.set(name, value)
  return new Response(null, {
    // 303: the browser must not send the password on.
    status: 303,
    headers: { Location: target.href, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' },
  })
}

export function sendErrorBack(address: ReturnAddress, error: AzureError, call: Call): Response {
  const { error: code, error_description: description } = oauthError(error, call)
  return sendBack(address, { error: String(code), error_description: String(description) })
}

// Elsewhere a script sends this form; our pages have none, so the person does.
function postBack(redirect: URL, members: Record<string, string>): Response {
  const fields = Object.entries(members).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`.html,
  )
  const content = html`<p>You are going on to <strong>${redirect.host}</strong>.</p>
<form method="post" action="${redirect.href}">${{ html: fields.join('') }}
<div class="buttons"><button type="submit" autofocus>Continue</button></div>
</form>`
  return page('One more step', content, { formTarget: redirect.origin })
}
