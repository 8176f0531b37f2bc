/** The pieces that certificates and requests for them are made of. */

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { type KeyUsage, keyUsages, type Validity } from './profile.ts'

export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
}

/** A BIT STRING whose first bit is the highest, without the zeros at its end, which DER cuts. */
export function keyUsageBits(usages: readonly KeyUsage[]): asn1js.BitString {
  const bytes = Buffer.alloc(2)
  const last = Math.max(...usages.map(usage => keyUsages.indexOf(usage)))
  for (const usage of usages) {
    const bit = keyUsages.indexOf(usage)
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) | (0x80 >> (bit & 7)), bit >> 3)
  }
  return new asn1js.BitString({ valueHex: arrayBuffer(bytes.subarray(0, (last >> 3) + 1)), unusedBits: 7 - (last & 7) })
}

export function extension(
  extnID: string,
  value: { toSchema(): asn1js.AsnType } | asn1js.BaseBlock,
  { critical = false } = {},
): pkijs.Extension {
  const block = value instanceof asn1js.BaseBlock ? value : value.toSchema()
  return new pkijs.Extension({ extnID, critical, extnValue: block.toBER() })
}

export const subjectKeyIdentifier = (keyId: ArrayBuffer) =>
  extension(extensionOids.subjectKeyIdentifier, new asn1js.OctetString({ valueHex: keyId }))

export const authorityKeyIdentifier = (keyId: ArrayBuffer) =>
  extension(
    extensionOids.authorityKeyIdentifier,
    new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: keyId }) }),
  )

/** Method 1 of RFC 5280 §4.2.1.2, where SHA-1 is a name and protects nothing. */
export function keyIdentifier(publicKey: pkijs.PublicKeyInfo): ArrayBuffer {
  return arrayBuffer(createHash('sha1').update(publicKey.subjectPublicKey.valueBlock.valueHexView).digest())
}

export const publicKeyInfo = (key: KeyObject) =>
  pkijs.PublicKeyInfo.fromBER(arrayBuffer(key.export({ type: 'spki', format: 'der' })))

type ToBeCertified = Validity & {
  readonly issuer: pkijs.RelativeDistinguishedNames
  readonly subject: pkijs.RelativeDistinguishedNames
  readonly publicKey: pkijs.PublicKeyInfo
  readonly extensions: pkijs.Extension[]
}

/** An X.509 v3 certificate in DER. */
export function signedCertificate(issuerKey: KeyObject, parts: ToBeCertified): Promise<Buffer> {
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: serialNumber(),
    signature: signatureAlgorithm(issuerKey).identifier,
    issuer: parts.issuer,
    subject: parts.subject,
    notBefore: time(parts.notBeforeMs),
    notAfter: time(parts.notAfterMs),
    subjectPublicKeyInfo: parts.publicKey,
    extensions: parts.extensions,
  })
  return signedStructure(issuerKey, certificate.encodeTBS())
}

/** What is signed, the algorithm and the signature: the form of certificates and of requests for them. */
export async function signedStructure(key: KeyObject, content: asn1js.Sequence): Promise<Buffer> {
  const { hash, identifier } = signatureAlgorithm(key)
  const signature = await promisify(sign)(hash, Buffer.from(content.toBER()), key)
  const whole = new asn1js.Sequence({
    value: [content, identifier.toSchema(), new asn1js.BitString({ valueHex: arrayBuffer(signature) })],
  })
  return Buffer.from(whole.toBER())
}

/** Node's own signatures and not the web's, which know no secp256k1. */
function signatureAlgorithm(key: KeyObject): { hash: string; identifier: pkijs.AlgorithmIdentifier } {
  if (key.asymmetricKeyType === 'rsa') {
    const algorithmId = '1.2.840.113549.1.1.11'
    return {
      hash: 'sha256',
      identifier: new pkijs.AlgorithmIdentifier({ algorithmId, algorithmParams: new asn1js.Null() }),
    }
  }
  const { hash, algorithmId } = ecdsa[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? ecdsaWithSha256
  return { hash, identifier: new pkijs.AlgorithmIdentifier({ algorithmId }) }
}

const ecdsaWithSha256 = { hash: 'sha256', algorithmId: '1.2.840.10045.4.3.2' }
const ecdsa: Readonly<Record<string, typeof ecdsaWithSha256>> = {
  secp384r1: { hash: 'sha384', algorithmId: '1.2.840.10045.4.3.3' },
  secp521r1: { hash: 'sha512', algorithmId: '1.2.840.10045.4.3.4' },
}

/** 127 random bits: positive, and more than the 64 that the CA/Browser Forum asks for. */
function serialNumber(): asn1js.Integer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return new asn1js.Integer({ valueHex: arrayBuffer(bytes) })
}

/** RFC 5280 §4.1.2.5: two-digit years until 2049, four digits from then on. */
function time(ms: number): pkijs.Time {
  const value = new Date(Math.floor(ms / 1000) * 1000)
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })
}

export function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
