import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { formOf, openPage, postPage } from './pages/testing-browser.ts'
import { armScope, azureCli, type OpenAuthority, openAuthority } from './testing.ts'

const origin = 'https://localhost:4443'
const codeVerifier = 'a-verifier-that-is-long-enough-to-be-one-0123456789'
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
const redirectUri = 'http://localhost:8400'

const request = {
  client_id: azureCli,
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: `${armScope} offline_access openid profile`,
  state: 'the state',
  nonce: 'the nonce',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256',
  prompt: 'select_account',
}

const pageUrl = (changes: Record<string, string | undefined> = {}, path = '/organizations/oauth2/v2.0/authorize') => {
  const members = Object.entries({ ...request, ...changes }).filter(([, value]) => value !== undefined)
  return `${origin}${path}?${new URLSearchParams(members as [string, string][])}`
}

/** Signs in on the page; answers the address that the browser is sent to. */
async function signIn(lazuli: OpenAuthority, url = pageUrl()) {
  const user = await lazuli.user()
  const page = await openPage(lazuli, url)
  assert.equal(page.status, 200, page.text)
  const { username, password } = user
  const answer = await postPage(lazuli, page, { ...formOf(page), username, password })
  assert.equal(answer.status, 303, answer.text)
  return { user, target: new URL(answer.headers.get('location') ?? '') }
}

const redeem = (lazuli: OpenAuthority, code: string | null, changes: Record<string, string> = {}) =>
  lazuli.ask(
    {
      grant_type: 'authorization_code',
      client_id: azureCli,
      code: code ?? '',
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
      ...changes,
    },
    { origin },
  )

test('a person signs in on the page and the program fetches the tokens, nonce included', async t => {
  const lazuli = await openAuthority(t)
  const { user, target } = await signIn(lazuli)
  assert.equal(target.origin, redirectUri)
  assert.equal(target.searchParams.get('state'), 'the state')
  const { status, body } = await redeem(lazuli, target.searchParams.get('code'))
  assert.equal(status, 200)
  assert.equal((await lazuli.verified(body.access_token)).oid, user.objectId)
  assert.partialDeepStrictEqual(await lazuli.verified(body.id_token, { audience: azureCli }), {
    nonce: 'the nonce',
    preferred_username: user.username,
  })
  assert.ok(body.refresh_token)
})

test('a code that comes twice ends what the first use gave', async t => {
  const lazuli = await openAuthority(t)
  const { target } = await signIn(lazuli)
  const code = target.searchParams.get('code')
  const first = await redeem(lazuli, code)
  assert.deepEqual((await redeem(lazuli, code)).body.error_codes, [54005])
  const refresh_token = String(first.body.refresh_token)
  const renewed = await lazuli.ask({ grant_type: 'refresh_token', client_id: azureCli, refresh_token })
  assert.deepEqual(renewed.body.error_codes, [70043])
})

test('a code is for the client, the redirect address and the secret that it was asked with', async t => {
  const lazuli = await openAuthority(t)
  const { target } = await signIn(lazuli)
  const code = target.searchParams.get('code')
  const other = await lazuli.application({ body: { publicClient: { redirectUris: [redirectUri] } } })
  const wrong: [changes: Record<string, string>, error: number][] = [
    [{ client_id: other.clientId }, 70000],
    [{ redirect_uri: 'http://localhost:8401' }, 500112],
    [{ code_verifier: codeVerifier.toUpperCase() }, 501481],
    [{ code_verifier: codeChallenge }, 501481],
    [{ code_verifier: '' }, 900144],
    [{ code: 'made up' }, 70008],
  ]
  for (const [changes, error] of wrong) {
    assert.deepEqual((await redeem(lazuli, code, changes)).body.error_codes, [error], JSON.stringify(changes))
  }
  assert.equal((await redeem(lazuli, code)).status, 200)
})

test('a code is good for ten minutes', async t => {
  const lazuli = await openAuthority(t)
  const { target } = await signIn(lazuli)
  lazuli.clock.forwardBy(600_000)
  assert.deepEqual((await redeem(lazuli, target.searchParams.get('code'))).body.error_codes, [70008])
})

test('what is wrong with the request goes back to the program, with its state', async t => {
  const lazuli = await openAuthority(t)
  const wrong: [changes: Record<string, string | undefined>, error: string, code: number][] = [
    [{ code_challenge: undefined }, 'invalid_request', 9002325],
    [{ code_challenge_method: 'plain' }, 'invalid_request', 9002325],
    [{ code_challenge_method: undefined }, 'invalid_request', 9002325],
    [{ response_type: 'token' }, 'unsupported_response_type', 700054],
    [{ scope: 'https://nobody.example/.default' }, 'invalid_resource', 500011],
    [{ scope: undefined }, 'invalid_request', 900144],
    [{ prompt: 'none' }, 'login_required', 50058],
  ]
  for (const [changes, error, code] of wrong) {
    const { status, headers } = await openPage(lazuli, pageUrl(changes))
    assert.equal(status, 303, JSON.stringify(changes))
    const target = new URL(headers.get('location') ?? '')
    assert.deepEqual(
      [target.origin, target.searchParams.get('error'), target.searchParams.get('state')],
      [redirectUri, error, 'the state'],
    )
    assert.ok(target.searchParams.get('error_description')?.startsWith(`AADSTS${code}: `))
  }
})

test('nothing is sent to an address that the client has not registered', async t => {
  const lazuli = await openAuthority(t)
  const application = await lazuli.application({
    body: {
      web: { redirectUris: ['https://app.example/callback'] },
      publicClient: { redirectUris: ['http://localhost', 'myapp://auth'] },
    },
  })
  const of = (client_id: string, redirect_uri: string) => openPage(lazuli, pageUrl({ client_id, redirect_uri }))
  const good = ['https://app.example/callback', 'http://localhost:1234', 'http://localhost:1234/', 'myapp://auth']
  for (const redirect of good) assert.equal((await of(application.clientId, redirect)).status, 200, redirect)
  assert.equal((await of(azureCli, 'http://127.0.0.1:5000/')).status, 200)
  const bad = [
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://APP.example.evil.example/callback',
    'https://app.example:444/callback',
    'https://user@app.example/callback',
    'https://app.example/callback#fragment',
    'http://localhost:1234/other',
    'http://localhost.evil.example:1234',
    'http://127.0.0.1:1234',
    'https://localhost:1234',
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    'not an address',
  ]
  for (const redirect of bad) {
    const { status, headers, text } = await of(application.clientId, redirect)
    assert.deepEqual([status, headers.get('location')], [400, null], redirect)
    assert.match(text, /AADSTS50011/)
  }
  const portal = 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c'
  assert.equal((await of(portal, 'https://portal.lazuli.localhost:4443/')).status, 200)
  assert.equal((await of(portal, 'http://localhost:1234')).status, 400)
})

test('who cancels, and who mistypes the password, stays in the protocol', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const page = await openPage(lazuli, pageUrl({ login_hint: username }))
  assert.ok(page.text.includes(`value="${username}"`))
  const cancelled = await postPage(lazuli, page, { ...formOf(page), cancel: '1' })
  assert.equal(new URL(cancelled.headers.get('location') ?? '').searchParams.get('error'), 'access_denied')

  const mistyped = await postPage(lazuli, page, { ...formOf(page), username, password: 'wrong' })
  assert.equal(mistyped.status, 400)
  assert.match(mistyped.text, /aria-describedby="problem"/)
  assert.equal(mistyped.text.includes('wrong'), false)
  const good = await postPage(lazuli, mistyped, { ...formOf(mistyped), username, password })
  assert.equal(good.status, 303)
})

test('a form that was not opened in this browser, or comes from elsewhere, is not taken', async t => {
  const lazuli = await openAuthority(t)
  const { username, password } = await lazuli.user()
  const page = await openPage(lazuli, pageUrl())
  const form = { ...formOf(page), username, password }
  const elsewhere = await openPage(lazuli, pageUrl())
  const attempts = [
    postPage(lazuli, page, form, { cookie: '' }),
    postPage(lazuli, page, { ...form, page_token: '' }, { cookie: '__Host-page=' }),
    postPage(lazuli, page, { ...form, ...formOf(elsewhere) }),
    postPage(lazuli, page, form, { origin: 'https://evil.example' }),
    postPage(lazuli, page, form, { origin: 'null' }),
  ]
  for (const { status, text, headers } of await Promise.all(attempts)) {
    assert.deepEqual([status, headers.get('location')], [400, null])
    assert.match(text, /AADSTS165000/)
  }
})

test('the page runs no script, loads nothing, cannot be framed, and escapes what it is handed', async t => {
  const lazuli = await openAuthority(t)
  const { headers, text, cookie } = await openPage(lazuli, pageUrl({ login_hint: '"><script>alert(1)</script>' }))
  assert.equal(text.includes('<script'), false)
  assert.ok(text.includes('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"'))
  const style = /<style>(.*)<\/style>/s.exec(text)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  assert.equal(
    headers.get('content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self' http://localhost:8400; base-uri 'none'; frame-ancestors 'none'`,
  )
  assert.equal(headers.get('x-frame-options'), 'DENY')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.match(cookie, /^__Host-page=/)
  assert.match(headers.get('set-cookie') ?? '', /; Path=\/; Secure; HttpOnly; SameSite=Lax/)
  assert.equal(/ (src|href)=/.test(text), false)
})

test('an answer can be asked for in the fragment, or as a form that the person sends', async t => {
  const lazuli = await openAuthority(t)
  const { target } = await signIn(lazuli, pageUrl({ response_mode: 'fragment' }))
  assert.equal(target.search, '')
  assert.equal(new URLSearchParams(target.hash.slice(1)).get('state'), 'the state')

  const { username, password } = await lazuli.user()
  const page = await openPage(lazuli, pageUrl({ response_mode: 'form_post' }))
  const posted = await postPage(lazuli, page, { ...formOf(page), username, password })
  assert.equal(posted.status, 200)
  assert.match(posted.text, /<form method="post" action="http:\/\/localhost:8400\/">/)
  assert.equal((await redeem(lazuli, formOf(posted).code ?? null)).status, 200)
})
