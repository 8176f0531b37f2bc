import { generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Clock } from '../clock.ts'
import { leafValidity, renewing } from './leaf-life.ts'
import type { LocalCa } from './local-ca.ts'
import { type NameList, singleAddresses } from './permitted-names.ts'

export type SecureContexts = {
  /** For the server name that a TLS client asks for. Undefined when the CA may not speak for it: end the handshake. */
  secureContextFor(serverName: string): Promise<SecureContext | undefined>
  /**
   * Key and certificate (PEM) for clients that name no server because they connect to an address: good for `localhost`
   * and every single permitted address. Ask again daily; they are renewed a month before they expire.
   * The first call loads the ASN.1 libraries (some 50 ms), so do not let the start of the server wait for it.
   */
  addressCredentials(): Promise<{ key: string; cert: string }>
}

export type SecureContextsOptions = {
  readonly ca: LocalCa
  readonly names: NameList
  /** Real time, as for the CA. */
  readonly clock: Clock
  /**
   * How many names are remembered; anybody can make up names below a permitted one. A context takes 50 to 75 KiB of
   * memory, and making one anew some 2 ms.
   */
  readonly limit?: number
}

/** Leaf certificates by name, issued when first asked for. They share one key pair, which lives as long as the process. */
export function createSecureContexts({ ca, names, clock, limit = 200 }: SecureContextsOptions): SecureContexts {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

  const issue = (leafNames: readonly string[]): Promise<X509Certificate> =>
    ca.issue({
      ...leafValidity(clock.now()),
      // Fixed, because verifiers hold a common name that looks like a host name against the constraints once more.
      commonName: 'Lazuli server',
      names: leafNames,
      publicKey,
      purposes: ['serverAuth'],
    })
  const contextOf = async (name: string) => createSecureContext({ key, cert: (await issue([name])).toString() })
  const nameless = ['localhost', ...singleAddresses(names)].filter(name => ca.permittedName(name) !== undefined)
  const credentials = async () => ({ key, cert: (await issue(nameless)).toString() })

  const contexts = renewing<SecureContext>({ clock, limit })
  const forAddresses = renewing<{ key: string; cert: string }>({ clock, limit: 1 })

  return {
    async secureContextFor(serverName) {
      const name = ca.permittedName(serverName)
      return name === undefined ? undefined : contexts(name, contextOf)
    },
    addressCredentials: () => forAddresses('addresses', credentials),
  }
}
