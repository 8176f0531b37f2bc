import type { Config } from '../config.ts'

/** Which protocol a host name speaks. */
export type PlaneName = 'arm' | 'authority' | 'graph' | 'key-vault' | 'blob' | 'webhdfs' | 'machine'

/** Azure's public names that Lazuli answers: exact ones, and those that have names of accounts below them. */
const publicHosts: ReadonlyMap<string, PlaneName> = new Map([
  ['management.azure.com', 'arm'],
  ['management.core.windows.net', 'arm'],
  ['login.microsoftonline.com', 'authority'],
  ['login.windows.net', 'authority'],
  ['sts.windows.net', 'authority'],
  ['graph.microsoft.com', 'graph'],
  ['graph.windows.net', 'graph'],
])

const publicSuffixes: ReadonlyMap<string, PlaneName> = new Map([
  ['.vault.azure.net', 'key-vault'],
  ['.blob.core.windows.net', 'blob'],
  ['.azuredatalakestore.net', 'webhdfs'],
])

const ownLabels: ReadonlyMap<string, PlaneName> = new Map([
  ['management', 'arm'],
  ['login', 'authority'],
  ['graph', 'graph'],
  ['vault', 'key-vault'],
  ['blob', 'blob'],
  ['datalake', 'webhdfs'],
  ['agent', 'machine'],
])

const hasAccounts = new Set(publicSuffixes.values())

/** Where machines find Azure's platform: Azure's own address for it. */
export const fabricAddress = '168.63.129.16'
const metadataAddress = '169.254.169.254'

/** What agents know the server by. They connect to the fabric address, whatever the name means where they are. */
export const agentHost = (config: Pick<Config, 'domain'>) => `agent.${config.domain}`

/** Resolved to the fabric address inside machines. A leading dot means every name below. */
export const namesInMachines: readonly string[] = [...publicHosts.keys(), ...publicSuffixes.keys()]

/** What the local CA may vouch for, and nothing else. */
export const certificateNames = (config: Pick<Config, 'domain'>) => ({
  dns: [
    ...publicHosts.keys(),
    ...[...publicSuffixes.keys()].map(suffix => suffix.slice(1)),
    ...['metadata.azure.com', 'localhost', config.domain],
  ],
  addresses: [`${fabricAddress}/32`],
})

/**
 * Names that must never leave the machine: a program that runs under Lazuli must not reach the real Azure by accident,
 * also not at a service that Lazuli lacks.
 */
const keptIn = [
  'azure.com',
  'azure.net',
  'windows.net',
  'microsoftonline.com',
  'microsoftonline-p.com',
  'azuredatalakestore.net',
  'graph.microsoft.com',
]

const isBelow = (host: string, suffix: string) =>
  host.endsWith(suffix) && (host.length === suffix.length || host[host.length - suffix.length - 1] === '.')

/** In DNS, a name with a dot at its end is the same name. */
const plain = (host: string) => (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase()

export const isAzureName = (host: string) => keptIn.some(suffix => isBelow(plain(host), suffix))

export const isOwnName = (host: string, domain: string) => isBelow(plain(host), domain)

/** Of a host as `URL` writes it: in dotted form, or as the IPv6 address that stands for the same. */
export const isMetadataAddress = (host: string) => host === metadataAddress || host === '[::ffff:a9fe:a9fe]'

/**
 * By host name, and on `localhost` by path. The path is what is left for the plane to match. The name of an account or
 * a vault is its first segment, wherever it stood: `https://v.vault.azure.net/keys` is `/v/keys`.
 */
export function planeNameOf(
  url: Pick<URL, 'hostname' | 'pathname'>,
  config: Pick<Config, 'domain'>,
  isTenant: (segment: string) => boolean,
): { plane: PlaneName; pathname: string } | undefined {
  const host = plain(url.hostname)
  const { pathname } = url
  const exact = publicHosts.get(host)
  if (exact) return { plane: exact, pathname }
  for (const [suffix, plane] of publicSuffixes) {
    if (host.endsWith(suffix)) return { plane, pathname: `/${host.slice(0, -suffix.length)}${pathname}` }
  }
  if (isBelow(host, config.domain)) {
    const labels = host.slice(0, -config.domain.length - 1).split('.')
    const plane = ownLabels.get(labels.pop() ?? '')
    if (labels.length === 0) return plane && { plane, pathname }
    return plane && hasAccounts.has(plane) ? { plane, pathname: `/${labels.join('.')}${pathname}` } : undefined
  }
  return isLoopback(host) ? planeByPath(pathname, isTenant) : undefined
}

/** The host of an account or vault, in the world that a request came from: Azure's public names, or our own. */
export function accountHost(plane: PlaneName, name: string, url: URL, config: Pick<Config, 'domain' | 'port'>): string {
  const host = plain(url.hostname)
  const isPublic = !isLoopback(host) && !isBelow(host, config.domain)
  const labels = [...(isPublic ? publicSuffixes : ownLabels)]
  const label = labels.find(([, served]) => served === plane)?.[0] ?? ''
  return isPublic ? `${name}${label}` : `${name}.${label}.${config.domain}:${config.port}`
}

const isLoopback = (host: string) => host === 'localhost' || host === '127.0.0.1' || host === '[::1]'

function planeByPath(pathname: string, isTenant: (segment: string) => boolean): { plane: PlaneName; pathname: string } {
  const [, first = ''] = pathname.toLowerCase().split('/')
  if (first === 'graph') return { plane: 'graph', pathname: pathname.slice('/graph'.length) || '/' }
  if (first === 'adfs' || first === 'common' || first === 'organizations' || isTenant(first))
    return { plane: 'authority', pathname }
  return { plane: 'arm', pathname }
}
