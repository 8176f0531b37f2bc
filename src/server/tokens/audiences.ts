import type { Config } from '../config.ts'

/**
 * Who a token can be for. Each service has several spellings; clients compare them as text and services do not.
 * A trailing slash makes no difference to a service, but stays in the token as it was asked for; vaults alone refuse one
 * behind their public name, with AKV10022.
 */
export type Service = 'arm' | 'graph' | 'key-vault' | 'storage' | 'data-lake'

const publicNames: Record<Service, readonly string[]> = {
  arm: ['https://management.azure.com', 'https://management.core.windows.net', '797f4846-ba00-4fd7-ba43-dac1f8f63013'],
  graph: ['https://graph.microsoft.com', 'https://graph.windows.net', '00000003-0000-0000-c000-000000000000'],
  'key-vault': ['https://vault.azure.net', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'],
  storage: ['https://storage.azure.com', 'e406a681-f3d4-42a8-90b6-c2b029497af1'],
  'data-lake': ['https://datalake.azure.net'],
}

/** Services that Lazuli does not run itself, but whose tokens programs may ask for and check on their own. */
const elsewhere = [
  'https://database.windows.net',
  'https://ossrdbms-aad.database.windows.net',
  'https://servicebus.azure.net',
  'https://eventhubs.azure.net',
  'https://cosmos.azure.com',
  'https://api.loganalytics.io',
  'https://monitor.azure.com',
  'https://batch.core.windows.net',
  'https://cognitiveservices.azure.com',
  'https://containerregistry.azure.net',
  // What federated credentials expect: a managed identity's token for it proves the identity to an application.
  'api://azureadtokenexchange',
]

/** Not by a regular expression, which would look for the end of a long row of slashes from each of them anew. */
function plain(audience: string): string {
  let end = audience.length
  while (audience[end - 1] === '/') end--
  return audience.slice(0, end).toLowerCase()
}

/** Own names: `https://management.<domain>:<port>` and, by path, `https://localhost:<port>[/graph]`. */
function ownNames(service: Service, config: Config): string[] {
  const { domain, port } = config
  const at = (label: string) => `https://${label}.${domain}:${port}`
  switch (service) {
    case 'arm':
      return [at('management'), ...['localhost', '127.0.0.1', '[::1]'].map(host => `https://${host}:${port}`)]
    case 'graph':
      return [at('graph'), ...['localhost', '127.0.0.1', '[::1]'].map(host => `https://${host}:${port}/graph`)]
    case 'key-vault':
      return [at('vault')]
    case 'storage':
      return [at('blob')]
    case 'data-lake':
      return [at('datalake')]
  }
}

export function audiences(config: Config): {
  /** The service that takes a token for this audience, if it is one of ours. */
  serviceOf(audience: string): Service | undefined
  /** Whether tokens for it are issued, which some then refuse. */
  isKnown(audience: string): boolean
} {
  const services = new Map<string, Service>()
  for (const service of Object.keys(publicNames) as Service[]) {
    for (const name of [...publicNames[service], ...ownNames(service, config)]) services.set(plain(name), service)
  }
  const withoutSlash = new Set(publicNames['key-vault'])
  const others = new Set(elsewhere)
  const accountSuffixes = ['.blob.core.windows.net', `.blob.${config.domain}:${config.port}`.toLowerCase()]
  const named = (name: string) =>
    services.get(name) ?? (isAccountAddress(name, accountSuffixes) ? 'storage' : undefined)
  return {
    serviceOf(audience) {
      const name = plain(audience)
      return withoutSlash.has(name) && name.length !== audience.length ? undefined : named(name)
    },
    isKnown(audience) {
      const name = plain(audience)
      return named(name) !== undefined || others.has(name)
    },
  }
}

/** A storage account's own address is an audience, too. */
function isAccountAddress(name: string, suffixes: readonly string[]): boolean {
  const suffix = suffixes.find(end => name.endsWith(end))
  return suffix !== undefined && /^https:\/\/[a-z0-9]{3,24}$/.test(name.slice(0, -suffix.length))
}
