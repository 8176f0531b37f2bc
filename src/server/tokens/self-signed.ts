import { type KeyObject, randomBytes, webcrypto } from 'node:crypto'

/** A certificate that says nothing but "this is the key": the form in which key documents show it. DER. */
export async function selfSignedCertificate(of: {
  commonName: string
  privateKey: KeyObject
  publicKey: KeyObject
  now: number
}): Promise<Buffer> {
  // Loaded when the first key is made: a start with an existing data directory does not pay for it.
  const pkijs = await import('pkijs')
  const asn1js = await import('asn1js')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const certificate = new pkijs.Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ valueHex: Uint8Array.from([1, ...randomBytes(15)]).buffer })
  const name = new pkijs.AttributeTypeAndValue({
    type: '2.5.4.3',
    value: new asn1js.Utf8String({ value: of.commonName }),
  })
  certificate.issuer.typesAndValues.push(name)
  certificate.subject.typesAndValues.push(name)
  certificate.notBefore.value = new Date(of.now - 300_000)
  certificate.notAfter.value = new Date(of.now + 5 * 365 * 86_400_000)
  const publicKey = await webcrypto.subtle.importKey(
    'spki',
    of.publicKey.export({ format: 'der', type: 'spki' }),
    algorithm,
    true,
    ['verify'],
  )
  const privateKey = await webcrypto.subtle.importKey(
    'pkcs8',
    of.privateKey.export({ format: 'der', type: 'pkcs8' }),
    algorithm,
    false,
    ['sign'],
  )
  const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto })
  await certificate.subjectPublicKeyInfo.importKey(publicKey, engine)
  await certificate.sign(privateKey, 'SHA-256', engine)
  return Buffer.from(certificate.toSchema(true).toBER(false))
}
