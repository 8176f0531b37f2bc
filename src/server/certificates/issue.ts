/**
 * Writes certificates. Loading the ASN.1 libraries takes longer than opening a CA, so this module is imported when the
 * first certificate is due and not before.
 */

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { addressBytes, isAddress, type PermittedNames } from './permitted-names.ts'
import type { Validity } from './profile.ts'
import {
  arrayBuffer,
  authorityKeyIdentifier,
  extension,
  extensionOids,
  keyIdentifier,
  keyUsageBits,
  publicKeyInfo,
  signedCertificate,
  subjectKeyIdentifier,
} from './x509-fields.ts'

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

const commonNameOid = '2.5.4.3'

/** A self-signed CA certificate that can issue for `permitted` only, and no further CAs. */
export async function issueCaCertificate(content: CaContent): Promise<X509Certificate> {
  const publicKey = publicKeyInfo(createPublicKey(content.key))
  const keyId = keyIdentifier(publicKey)
  // The fingerprint tells the CAs of several installations apart in a list of trusted ones.
  const name = distinguishedName(`Lazuli local CA ${Buffer.from(keyId).toString('hex').slice(0, 8)}`)
  const basicConstraints = new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 })
  const certificate = await signedCertificate(content.key, {
    ...content,
    issuer: name,
    subject: name,
    publicKey,
    extensions: [
      extension(extensionOids.basicConstraints, basicConstraints, { critical: true }),
      extension(extensionOids.keyUsage, keyUsageBits(['keyCertSign', 'cRLSign']), { critical: true }),
      extension(extensionOids.nameConstraints, nameConstraints(content.permitted), { critical: true }),
      subjectKeyIdentifier(keyId),
      authorityKeyIdentifier(keyId),
    ],
  })
  return new X509Certificate(certificate)
}

/** Returns the function that signs leaf certificates as `certificate`, whose private key is `key`. */
export function createLeafIssuer({ certificate, key }: { certificate: X509Certificate; key: KeyObject }) {
  const issuer = pkijs.Certificate.fromBER(arrayBuffer(certificate.raw))
  const issuerKeyId = keyIdentifier(issuer.subjectPublicKeyInfo)
  return async (leaf: LeafContent): Promise<X509Certificate> => {
    const publicKey = publicKeyInfo(leaf.publicKey)
    const altNames = new pkijs.GeneralNames({ names: leaf.names.map(generalName) })
    const purposes = new pkijs.ExtKeyUsage({ keyPurposes: leaf.purposes.map(purpose => purposeOids[purpose]) })
    const basicConstraints = new pkijs.BasicConstraints({ cA: false })
    const issued = await signedCertificate(key, {
      ...leaf,
      issuer: issuer.subject,
      subject: distinguishedName(leaf.commonName),
      publicKey,
      extensions: [
        extension(extensionOids.basicConstraints, basicConstraints, { critical: true }),
        extension(extensionOids.keyUsage, keyUsageBits(['digitalSignature']), { critical: true }),
        extension(extensionOids.extKeyUsage, purposes),
        extension(extensionOids.subjectAltName, altNames),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(issuerKeyId),
      ],
    })
    return new X509Certificate(issued)
  }
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
    typesAndValues: [new pkijs.AttributeTypeAndValue({ type: commonNameOid, value })],
  })
}
