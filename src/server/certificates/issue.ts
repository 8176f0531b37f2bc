/**
 * Writes certificates. Loading the ASN.1 libraries takes longer than opening a CA, so this module is imported when the
 * first certificate is due and not before.
 */

import { createHash, createPublicKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { addressBytes, isAddress, type PermittedNames } from './permitted-names.ts'

export type Validity = { readonly notBeforeMs: number; readonly notAfterMs: number }

export type CaContent = Validity & { readonly key: KeyObject; readonly permitted: PermittedNames }

export type LeafContent = Validity & {
  readonly commonName: string
  /** DNS names and addresses, in normal form. */
  readonly names: readonly string[]
  readonly publicKey: KeyObject
  readonly purposes: readonly Purpose[]
}

export type Purpose = keyof typeof purposeOids

const purposeOids = { serverAuth: '1.3.6.1.5.5.7.3.1', emailProtection: '1.3.6.1.5.5.7.3.4' } as const

const oids = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
}

/** BIT STRINGs of RFC 5280 §4.2.1.3: the first bit is the highest, and DER cuts trailing zeros. */
const digitalSignature = { bits: 0b1000_0000, unused: 7 }
const certSignAndCrlSign = { bits: 0b0000_0110, unused: 1 }

/** A self-signed CA certificate that can issue for `permitted` only, and no further CAs. */
export function issueCaCertificate(content: CaContent): Promise<X509Certificate> {
  const publicKey = pkijs.PublicKeyInfo.fromBER(spki(createPublicKey(content.key)))
  const keyId = keyIdentifier(publicKey)
  // The fingerprint tells the CAs of several installations apart in a list of trusted ones.
  const name = distinguishedName(`Lazuli local CA ${Buffer.from(keyId).toString('hex').slice(0, 8)}`)
  return signed(content.key, content, {
    issuer: name,
    subject: name,
    publicKey,
    extensions: [
      extension(oids.basicConstraints, new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 }), {
        critical: true,
      }),
      extension(oids.keyUsage, bitString(certSignAndCrlSign), { critical: true }),
      extension(oids.nameConstraints, nameConstraints(content.permitted), { critical: true }),
      extension(oids.subjectKeyIdentifier, new asn1js.OctetString({ valueHex: keyId })),
      extension(oids.authorityKeyIdentifier, authorityKeyIdentifier(keyId)),
    ],
  })
}

/** Returns the function that signs leaf certificates as `certificate`, whose private key is `key`. */
export function createLeafIssuer({ certificate, key }: { certificate: X509Certificate; key: KeyObject }) {
  const issuer = pkijs.Certificate.fromBER(arrayBuffer(certificate.raw))
  const issuerKeyId = keyIdentifier(issuer.subjectPublicKeyInfo)
  return (leaf: LeafContent): Promise<X509Certificate> => {
    const publicKey = pkijs.PublicKeyInfo.fromBER(spki(leaf.publicKey))
    const altNames = new pkijs.GeneralNames({ names: leaf.names.map(generalName) })
    const purposes = new pkijs.ExtKeyUsage({ keyPurposes: leaf.purposes.map(purpose => purposeOids[purpose]) })
    return signed(key, leaf, {
      issuer: issuer.subject,
      subject: distinguishedName(leaf.commonName),
      publicKey,
      extensions: [
        extension(oids.basicConstraints, new pkijs.BasicConstraints({ cA: false }), { critical: true }),
        extension(oids.keyUsage, bitString(digitalSignature), { critical: true }),
        extension(oids.extKeyUsage, purposes),
        extension(oids.subjectAltName, altNames),
        extension(oids.subjectKeyIdentifier, new asn1js.OctetString({ valueHex: keyIdentifier(publicKey) })),
        extension(oids.authorityKeyIdentifier, authorityKeyIdentifier(issuerKeyId)),
      ],
    })
  }
}

type ToBeSigned = {
  readonly issuer: pkijs.RelativeDistinguishedNames
  readonly subject: pkijs.RelativeDistinguishedNames
  readonly publicKey: pkijs.PublicKeyInfo
  readonly extensions: pkijs.Extension[]
}

async function signed(key: KeyObject, validity: Validity, parts: ToBeSigned): Promise<X509Certificate> {
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: serialNumber(),
    issuer: parts.issuer,
    subject: parts.subject,
    notBefore: time(validity.notBeforeMs),
    notAfter: time(validity.notAfterMs),
    subjectPublicKeyInfo: parts.publicKey,
    extensions: parts.extensions,
  })
  await certificate.sign(key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']), 'SHA-256')
  return new X509Certificate(Buffer.from(certificate.toSchema().toBER()))
}

function nameConstraints({ dns, ranges }: PermittedNames): pkijs.NameConstraints {
  const bases = [
    ...dns.map(generalName),
    ...ranges.map(({ network, mask }) => ipAddress(Buffer.concat([network, mask]))),
  ]
  return new pkijs.NameConstraints({ permittedSubtrees: bases.map(base => new pkijs.GeneralSubtree({ base })) })
}

function generalName(name: string): pkijs.GeneralName {
  return isAddress(name) ? ipAddress(addressBytes(name)) : new pkijs.GeneralName({ type: 2, value: name })
}

function ipAddress(bytes: Buffer): pkijs.GeneralName {
  return new pkijs.GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: arrayBuffer(bytes) }) })
}

function distinguishedName(commonName: string): pkijs.RelativeDistinguishedNames {
  const value = new asn1js.Utf8String({ value: commonName })
  return new pkijs.RelativeDistinguishedNames({
    typesAndValues: [new pkijs.AttributeTypeAndValue({ type: oids.commonName, value })],
  })
}

function extension(
  extnID: string,
  value: { toSchema(): asn1js.AsnType } | asn1js.BaseBlock,
  { critical = false } = {},
): pkijs.Extension {
  const block = value instanceof asn1js.BaseBlock ? value : value.toSchema()
  return new pkijs.Extension({ extnID, critical, extnValue: block.toBER() })
}

function authorityKeyIdentifier(keyId: ArrayBuffer): pkijs.AuthorityKeyIdentifier {
  return new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: keyId }) })
}

/** Method 1 of RFC 5280 §4.2.1.2, where SHA-1 is a name and protects nothing. */
function keyIdentifier(publicKey: pkijs.PublicKeyInfo): ArrayBuffer {
  return arrayBuffer(createHash('sha1').update(publicKey.subjectPublicKey.valueBlock.valueHexView).digest())
}

function bitString({ bits, unused }: { bits: number; unused: number }): asn1js.BitString {
  return new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits: unused })
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

function spki(key: KeyObject): ArrayBuffer {
  return arrayBuffer(key.export({ type: 'spki', format: 'der' }))
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
