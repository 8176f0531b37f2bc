/** Requests to an ACME server as RFC 8555 §6 wants them: each signed, with a nonce of the server's. */

import type { KeyObject } from 'node:crypto'
import { createPublicKey, createSecretKey } from 'node:crypto'
import { exportJWK, FlattenedSign, type JWK } from 'jose'
import * as z from 'zod'
import { AcmeFailure, refusedBy } from './failure.ts'

const directory = z.looseObject({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
  meta: z.looseObject({ externalAccountRequired: z.boolean().optional() }).optional(),
})

export type AcmeParts = {
  readonly directoryUrl: string
  /** On P-256. It is the account: whoever has it can have the account's certificates revoked. */
  readonly accountKey: KeyObject
  readonly contacts: readonly string[]
  /** What binds the account to a customer of the issuer, §7.3.4: the key in base64url. */
  readonly externalAccount?: { readonly keyId: string; readonly key: string }
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

export type AcmeAnswer = {
  readonly location: string | undefined
  readonly retryAfterMs: number
  readonly response: Response
}

export type AcmeConnection = {
  readonly publicJwk: JWK
  newOrder(payload: unknown): Promise<AcmeAnswer>
  /** Without a payload it reads: §6.3. */
  post(url: string, payload?: unknown, accept?: string): Promise<AcmeAnswer>
}

const requestLimitMs = 30_000
const mostRetries = 3
const usualPauseMs = 1_000
const longestPauseMs = 60_000

/** Finds or makes the account. Throws AcmeFailure. */
export async function connectAcme(parts: AcmeParts): Promise<AcmeConnection> {
  const publicJwk = await exportJWK(createPublicKey(parts.accountKey))
  const found = directory.safeParse(await (await ask(parts, parts.directoryUrl)).json().catch(() => undefined))
  if (!found.success)
    throw new AcmeFailure(`${parts.directoryUrl} is not the directory of an ACME server`, { mayPass: false })
  const urls = found.data
  let nonce: string | undefined
  let account: string | undefined

  const freshNonce = async () => (await ask(parts, urls.newNonce, { method: 'HEAD' })).headers.get('replay-nonce') ?? ''

  async function post(url: string, payload?: unknown, accept = 'application/json', attempt = 0): Promise<AcmeAnswer> {
    const header = { alg: 'ES256', nonce: nonce ?? (await freshNonce()), url }
    nonce = undefined
    const signed = await new FlattenedSign(Buffer.from(payload === undefined ? '' : JSON.stringify(payload)))
      .setProtectedHeader(account === undefined ? { ...header, jwk: publicJwk } : { ...header, kid: account })
      .sign(parts.accountKey)
    const response = await ask(parts, url, {
      method: 'POST',
      headers: { 'content-type': 'application/jose+json', accept },
      body: JSON.stringify(signed),
    })
    nonce = response.headers.get('replay-nonce') ?? undefined
    if (response.ok)
      return { response, location: response.headers.get('location') ?? undefined, retryAfterMs: retryAfterOf(response) }
    const problem = ((await response.json().catch(() => undefined)) ?? {}) as { type?: string }
    if (problem.type?.endsWith(':badNonce') && attempt < mostRetries) return post(url, payload, accept, attempt + 1)
    throw refusedBy(problem, `${new URL(url).host} has refused`, response.status)
  }

  account = (await post(urls.newAccount, await accountOf(parts, urls, publicJwk))).location
  if (account === undefined) throw new AcmeFailure('The ACME server has named no account', { mayPass: false })
  return { publicJwk, post, newOrder: payload => post(urls.newOrder, payload) }
}

async function accountOf(
  { contacts, externalAccount }: AcmeParts,
  { newAccount, meta }: z.infer<typeof directory>,
  publicJwk: JWK,
) {
  if (meta?.externalAccountRequired === true && !externalAccount) {
    throw new AcmeFailure('The ACME server wants an external account: give the issuer an account id and a password', {
      mayPass: false,
    })
  }
  return {
    termsOfServiceAgreed: true,
    ...(contacts.length > 0 ? { contact: contacts.map(address => `mailto:${address}`) } : {}),
    ...(externalAccount ? { externalAccountBinding: await binding(externalAccount, newAccount, publicJwk) } : {}),
  }
}

const binding = ({ keyId, key }: { keyId: string; key: string }, url: string, publicJwk: JWK) =>
  new FlattenedSign(Buffer.from(JSON.stringify(publicJwk)))
    .setProtectedHeader({ alg: 'HS256', kid: keyId, url })
    .sign(createSecretKey(Buffer.from(key, 'base64url')))

async function ask({ fetch, signal }: AcmeParts, url: string, init: RequestInit = {}): Promise<Response> {
  const { protocol, host } = new URL(url)
  // A server names the addresses of its services itself: it must not have us ask in our own network for it.
  if (protocol !== 'https:') throw new AcmeFailure(`${url} is no address of an ACME server`, { mayPass: false })
  const limits = { redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]) } as const
  try {
    const response = await fetch(url, { ...init, ...limits })
    const { status, headers } = response
    return new Response(status === 204 || status === 304 ? null : await bodyOf(response), { status, headers })
  } catch (cause) {
    if (cause instanceof AcmeFailure) throw cause
    const why = (cause as { cause?: { code?: unknown } }).cause?.code
    throw new AcmeFailure(`${host} cannot be reached${why === undefined ? '' : `: ${why}`}`, {
      mayPass: true,
      cause,
    })
  }
}

/** More than any chain is long: whoever answers without end shall not have all memory. */
const longestBody = 1024 * 1024

async function bodyOf({ body, url }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const portions: Uint8Array[] = []
  let length = 0
  for await (const portion of body ?? []) {
    length += portion.length
    if (length > longestBody) throw new AcmeFailure(`${url} answers without end`, { mayPass: true })
    portions.push(portion)
  }
  return Buffer.concat(portions)
}

function retryAfterOf({ headers }: Response): number {
  const value = headers.get('retry-after')
  const ms = value === null ? usualPauseMs : /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Math.min(longestPauseMs, Math.max(usualPauseMs / 4, Number.isNaN(ms) ? usualPauseMs : ms))
}
