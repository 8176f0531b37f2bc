import { generateKeyPair, type KeyObject, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type { Clock } from '../clock.ts'
import { leafValidity, renewing } from './leaf-life.ts'
import type { LocalCa } from './local-ca.ts'

export type AttestedSigner = {
  /** PKCS#7 SignedData (DER) that contains `text` and the certificates up to the local CA. */
  sign(text: string): Promise<Buffer>
}

/** The name that Azure's own attested documents are signed in, and that clients look for. */
const signerName = 'metadata.azure.com'

/** Signs the documents by which a machine proves what it is. `ca` must be permitted `metadata.azure.com`. */
export function createAttestedSigner({ ca, clock }: { ca: LocalCa; clock: Clock }): AttestedSigner {
  const signers = renewing<{ certificate: X509Certificate; key: KeyObject }>({ clock, limit: 1 })

  const newSigner = async () => {
    // RSA as on Azure: many verifiers of such documents know nothing else.
    const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    const certificate = await ca.issue({
      ...leafValidity(clock.now()),
      commonName: signerName,
      names: [signerName],
      publicKey,
      // `openssl smime -verify` asks for emailProtection, Go's x509.Verify for serverAuth unless told otherwise.
      purposes: ['serverAuth', 'emailProtection'],
    })
    return { certificate, key: privateKey }
  }

  return {
    async sign(text) {
      const { certificate, key } = await signers(signerName, newSigner)
      const { signedData } = await import('./signed-data.ts')
      return signedData({
        content: Buffer.from(text),
        signer: certificate,
        key,
        chain: [ca.certificate],
        nowMs: clock.now(),
      })
    },
  }
}
