import { type Authority, ownHosts } from './authority.ts'

/** An application that every tenant knows without anybody having registered it. None of them can keep a secret. */
export type FirstPartyClient = { readonly displayName: string; readonly isPortal?: true }

// A map, not an object: a client called 'constructor' must not be found.
const clients = new Map<string, FirstPartyClient>([
  ['04b07795-8ddb-461a-bbee-02f9e1bf7b46', { displayName: 'Microsoft Azure CLI' }],
  ['1950a258-227b-4e31-a9cf-717495945fc2', { displayName: 'Microsoft Azure PowerShell' }],
  ['aebc6443-996d-45c2-90f0-388ff96faa56', { displayName: 'Visual Studio Code' }],
  ['872cd9fa-d31f-45e0-9eab-6e460a02d1f1', { displayName: 'Visual Studio' }],
  ['c44b4083-3bb0-49c1-b47d-974e53cbdf3c', { displayName: 'Azure Portal', isPortal: true }],
])

export const firstPartyClient = (clientId: string): FirstPartyClient | undefined => clients.get(clientId)

/** Programs listen on a port of the moment; the portal is a page of ours. */
export function firstPartyRedirects(authority: Pick<Authority, 'config'>, client: FirstPartyClient): string[] {
  const { domain, port } = authority.config
  const portalHosts = [...ownHosts(authority).slice(1), `portal.${domain}:${port}`]
  return client.isPortal
    ? portalHosts.flatMap(host => [`https://${host}/`, `https://${host}/portal/`])
    : ['http://localhost', 'http://127.0.0.1']
}
