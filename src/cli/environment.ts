import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Installation } from './installation.ts'

/** User name and password of a proxy address: as whom the metadata address answers. */
export type ProxyTicket = { readonly username: string; readonly password: string }

/** Our proxy. By number, because a program may look names up elsewhere than on this host. */
export function proxyUrl(port: number, ticket?: ProxyTicket): string {
  const credentials = ticket ? `${ticket.username}:${ticket.password}@` : ''
  return `http://${credentials}127.0.0.1:${port}`
}

/**
 * What makes a program take us for Azure. Every spelling is needed by somebody: curl reads only the lower-case
 * `http_proxy`, others only upper case, and each language has a variable of its own for the CAs it trusts.
 */
export function programEnvironment(installation: Installation, ticket?: ProxyTicket): Record<string, string> {
  const { directory, server, caFile, bundleFile } = installation
  const proxy = proxyUrl(server.port, ticket)
  const direct = 'localhost,127.0.0.1,::1'
  return {
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    https_proxy: proxy,
    http_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    NODE_EXTRA_CA_CERTS: caFile,
    NODE_USE_ENV_PROXY: '1',
    REQUESTS_CA_BUNDLE: bundleFile,
    SSL_CERT_FILE: bundleFile,
    CURL_CA_BUNDLE: bundleFile,
    AZURE_CONFIG_DIR: azureConfigFolder(directory, ticket),
    AZURE_CORE_COLLECT_TELEMETRY: '0',
  }
}

/**
 * Where az keeps who is signed in. A program that acts as a machine has a place of its own: `az login --identity` in
 * there must not sign the administrator out.
 */
export function azureConfigFolder(directory: string, ticket?: ProxyTicket): string {
  if (!ticket) return join(directory, 'azure')
  // A user name can be longer than a file name may be.
  return join(directory, 'azure-as', createHash('sha256').update(ticket.username).digest('hex').slice(0, 16))
}

/** The stable answer of `lazuli env --format json`. */
export function describe({ server, administrator, caFile }: Installation) {
  const { tenantId, subscriptionId, clientId, clientSecret, username, password } = administrator
  const below = (label: string) => `${label}.${server.domain}:${server.port}`
  return {
    url: server.url,
    proxy: proxyUrl(server.port),
    caFile,
    tenantId,
    subscriptionId,
    admin: { clientId, clientSecret, username, password },
    suffixes: { keyVault: below('vault'), blob: below('blob'), dataLake: below('datalake') },
    domain: server.domain,
  }
}
