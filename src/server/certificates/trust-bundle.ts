import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { readIfPresent, writeDurably } from '../store/durable-file.ts'

export type TrustBundleOptions = {
  readonly dir: string
  readonly caPem: string
  /** Where the host may keep its own bundle; the first that exists counts. */
  readonly systemBundles?: readonly string[]
}

const knownSystemBundles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Alpine, Gentoo, NixOS
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL up to 9
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // Fedora, RHEL 10
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/ssl/cert.pem', // macOS, the BSDs
]

/**
 * Writes `ca-bundle.pem`, the host's trusted CAs and ours, and returns its path. Programs that are given one CA file
 * (`SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`) forget the host's, so ours alone would cut them off from
 * the rest of the world. A bundle that is up to date is left alone.
 */
export async function writeTrustBundle({
  dir,
  caPem,
  systemBundles = knownSystemBundles,
}: TrustBundleOptions): Promise<string> {
  const path = join(dir, 'ca-bundle.pem')
  const system = (await firstPresent(systemBundles)) ?? rootCertificates.join('\n')
  // When our CA is trusted system-wide, it is part of the host's bundle already.
  const bundle = system.includes(caPem.trim()) ? system : `${system.trimEnd()}\n${caPem}`
  if ((await readIfPresent(path)) !== bundle) await writeDurably(path, bundle, { mode: 0o644 })
  return path
}

async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readIfPresent(path)
    if (text !== undefined) return text
  }
  return undefined
}
