import type { Config } from '../../config.ts'
import type { Directory } from '../../directory/bootstrap.ts'
import type { Call } from '../../door/operation.ts'
import type { ExternalIssuers } from './assertions/external-issuers.ts'
import { tenantNotFound } from './refusals/request.ts'
import type { SignInGuard } from './sign-in-guard.ts'

/** What the operations of this plane share. */
export type Authority = {
  readonly directory: Directory
  readonly config: Pick<Config, 'domain' | 'port'>
  readonly guard: SignInGuard
  readonly issuers: ExternalIssuers
}

/**
 * The forms that requests and answers come in. v1 names a resource and answers in strings, v2 names scopes and answers
 * in numbers; adfs is what the az CLI expects of a private cloud: v2 at v1's addresses, and no tenant in them.
 */
export type Style = 'v1' | 'v2' | 'adfs'

/** Whether a path's first segment is a name of the one tenant there is. */
export function isTenant({ directory }: Pick<Authority, 'directory'>, segment: string): boolean {
  const names = [directory.tenantId, directory.tenantDomain, 'common', 'organizations', 'adfs']
  return names.includes(segment.toLowerCase())
}

/** Throws AADSTS90002. */
export function requireTenant(authority: Pick<Authority, 'directory'>, segment: string): void {
  if (!isTenant(authority, segment)) throw tenantNotFound(segment)
}

export const styleOf = (tenantSegment: string, version: 'v1' | 'v2'): Style =>
  tenantSegment.toLowerCase() === 'adfs' ? 'adfs' : version

/** `https://<host>/<tenant>` as the client sees it: endpoints are announced under the name they were asked for. */
export const baseUrl = ({ url }: Pick<Call, 'url'>, tenant: string): string => `${url.origin}/${tenant}`

const publicHosts = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net']

/** The names that all of Azure's clients hold for one authority. */
export const publicAliases: readonly string[] = publicHosts

/** Host and port, as they stand in an address, of every name that the authority is reached by. */
export function ownHosts({ config: { domain, port } }: Pick<Authority, 'config'>): readonly string[] {
  return [`login.${domain}`, 'localhost', '127.0.0.1', '[::1]'].map(host => (port === 443 ? host : `${host}:${port}`))
}

export function isOurHost(authority: Pick<Authority, 'config'>, host: string): boolean {
  const name = host.toLowerCase()
  return publicHosts.includes(name) || ownHosts(authority).includes(name)
}

/** The issuer of id tokens, as the key documents' neighbour announces it. */
export function idTokenIssuer({ directory }: Pick<Authority, 'directory'>, style: Style, origin: string): string {
  if (style === 'adfs') return `${origin}/adfs`
  return style === 'v1'
    ? `https://sts.windows.net/${directory.tenantId}/`
    : `https://login.microsoftonline.com/${directory.tenantId}/v2.0`
}
