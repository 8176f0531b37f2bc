import type { Authority } from './authority.ts'
import type { Client } from './client.ts'
import { firstPartyRedirects } from './first-party-clients.ts'
import { redirectNotRegistered } from './refusals/page.ts'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']
const forbiddenSchemes = ['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:']

/**
 * Throws AADSTS50011 unless the address is registered for the client: to the letter, except that a program on the
 * person's own machine may listen on any port. A code must never be sent anywhere else.
 */
export function requireRegisteredRedirect(authority: Authority, client: Client, redirectUri: string): URL {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  if (
    url &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '' &&
    !forbiddenSchemes.includes(url.protocol) &&
    registeredRedirects(authority, client).some(registered => isSame(registered, redirectUri, url))
  ) {
    return url
  }
  throw redirectNotRegistered(redirectUri, client.clientId)
}

function registeredRedirects(authority: Authority, client: Client): string[] {
  if ('firstParty' in client) return firstPartyRedirects(authority, client.firstParty)
  if (!('application' in client)) return []
  const { web, spa, publicClient } = client.application.body
  return [web, spa, publicClient].flatMap(redirectsOf)
}

function redirectsOf(platform: unknown): string[] {
  if (typeof platform !== 'object' || platform === null || !('redirectUris' in platform)) return []
  const { redirectUris } = platform
  return Array.isArray(redirectUris) ? redirectUris.filter(uri => typeof uri === 'string') : []
}

function isSame(registered: string, asked: string, askedUrl: URL): boolean {
  if (registered === asked) return true
  if (!URL.canParse(registered)) return false
  const known = new URL(registered)
  const isLoopback = known.protocol === 'http:' && loopbackHosts.includes(known.hostname)
  return (
    isLoopback &&
    askedUrl.protocol === 'http:' &&
    askedUrl.hostname === known.hostname &&
    askedUrl.pathname === known.pathname &&
    askedUrl.search === known.search
  )
}
