import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Call } from '../../../door/operation.ts'
import { pageExpired } from '../refusals/page.ts'

/**
 * Proof that a form comes from a page that we showed to this browser: the same random value in a cookie, which other
 * sites can neither read nor set, and in the form.
 */
const cookieName = '__Host-page'

export const newPageToken = (): string => randomBytes(24).toString('base64url')

export const pageCookie = (token: string): Record<string, string> => ({
  'Set-Cookie': `${cookieName}=${token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600`,
})

/** Throws AADSTS165000 unless the form was sent from one of our pages. Answers the token, for a page that follows. */
export function requirePageToken({ request, url }: Call, form: URLSearchParams): string {
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== url.origin) throw pageExpired()
  const cookies = (request.headers.get('cookie') ?? '').split(';').map(cookie => cookie.trim())
  const prefix = `${cookieName}=`
  const inCookie = Buffer.from(cookies.find(cookie => cookie.startsWith(prefix))?.slice(prefix.length) ?? '')
  const inForm = Buffer.from(form.get('page_token') ?? '')
  if (inForm.length === 0 || inForm.length !== inCookie.length || !timingSafeEqual(inForm, inCookie))
    throw pageExpired()
  return inForm.toString()
}
