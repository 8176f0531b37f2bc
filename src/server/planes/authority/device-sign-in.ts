import { readForm } from '../../door/body.ts'
import { type Context, type Operation, operation } from '../../door/operation.ts'
import { AzureError } from '../../errors.ts'
import { type Authority, requireTenant } from './authority.ts'
import { type DeviceRequest, decide, normalUserCode, pendingRequest } from './device-codes.ts'
import { html, page } from './pages/html.ts'
import { newPageToken, pageCookie, requirePageToken } from './pages/page-token.ts'
import { signInForm } from './pages/sign-in-form.ts'
import { signInWithPassword } from './person.ts'

const route = '/:tenant/oauth2/deviceauth'

/** The page for the code that a program without a browser shows; with a code, the page to sign in for that program. */
export const showDeviceSignIn = (authority: Authority): Operation =>
  operation({
    name: 'authority/deviceauth/read',
    route: `GET ${route}`,
    access: { open: 'who comes here is about to sign in' },
    async run(cx) {
      requireTenant(authority, cx.params.tenant ?? '')
      const typed = cx.url.searchParams.get('user_code')
      if (typed === null || typed.trim() === '') return codePage()
      const userCode = normalUserCode(typed)
      const request = await pendingRequest(cx.store, userCode, cx.now)
      return request ? deviceSignInPage(request, userCode, newPageToken(), { username: '' }) : codePage(codeUnknown)
    },
  })

/** The person signs in for the program, or says no. */
export const deviceSignIn = (authority: Authority): Operation =>
  operation({
    name: 'authority/deviceauth',
    route: `POST ${route}`,
    access: { open: 'a password is its own proof' },
    changes: true,
    async run(cx) {
      requireTenant(authority, cx.params.tenant ?? '')
      const form = await readForm(cx.request)
      const pageToken = requirePageToken(cx, form)
      const userCode = normalUserCode(form.get('user_code') ?? '')
      const request = await pendingRequest(cx.store, userCode, cx.now)
      if (!request) return codePage(codeUnknown)
      if (form.get('cancel')) {
        await cx.store.write(tx => decide(tx, userCode, 'declined', cx.now))
        return page('Cancelled', html`<p>${request.clientName} has not been signed in. You may close this page.</p>`)
      }
      return approve(cx, authority, { form, pageToken, userCode, request })
    },
  })

type Approval = { form: URLSearchParams; pageToken: string; userCode: string; request: DeviceRequest }

async function approve(cx: Context, authority: Authority, approval: Approval): Promise<Response> {
  const { form, pageToken, userCode, request } = approval
  const username = form.get('username') ?? ''
  try {
    const { signedIn } = await signInWithPassword(cx, authority, { username, password: form.get('password') ?? '' })
    const isFirst = await cx.store.write(tx => decide(tx, userCode, signedIn, cx.now))
    if (!isFirst) return codePage(codeUnknown)
  } catch (error) {
    if (!(error instanceof AzureError) || error.status >= 500) throw error
    return deviceSignInPage(request, userCode, pageToken, { username, problem: error.message, status: error.status })
  }
  return page('Signed in', html`<p>You have signed in to ${request.clientName}. You may close this page.</p>`)
}

const codeUnknown = 'That code is not known, or its time is over. Ask the program for a new one.'

// The code goes into the address by GET: it changes nothing, and the next page can then say which program asks.
function codePage(problem?: string): Response {
  const content = html`<p>Type the code that the program shows you.</p>
${problem === undefined ? undefined : html`<p class="alarm" id="problem" role="alert">${problem}</p>`}
<form method="get">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" type="text" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required>
<div class="buttons"><button type="submit">Next</button></div>
</form>`
  return page('Sign in to a program', content, { status: problem === undefined ? 200 : 400 })
}

function deviceSignInPage(
  { clientName }: DeviceRequest,
  userCode: string,
  pageToken: string,
  { username, problem, status = 200 }: { username: string; problem?: string; status?: number },
): Response {
  const form = signInForm({ clientName, pageToken, username, problem, hidden: { user_code: userCode } })
  const warning = html`<p>Only go on if you started <strong>${clientName}</strong> yourself and it shows the code <strong>${userCode}</strong>.</p>`
  return page('Sign in', html`${warning}${form}`, { status, headers: pageCookie(pageToken) })
}
