import { openLocalCa } from '../src/server/certificates/local-ca.ts'
import { createSecureContexts } from '../src/server/certificates/secure-contexts.ts'

/** For a peer: of the same kind as ours, so that both sides' TLS costs the same. */
export async function localhostCertificate(directory: string): Promise<{ key: string; cert: string }> {
  const clock = { now: Date.now }
  const names = { dns: ['localhost'], addresses: [] }
  const ca = await openLocalCa({ dir: directory, clock, names })
  return createSecureContexts({ ca, names, clock }).addressCredentials()
}
