/** Writes profiles into certificates and requests, and reads them from certificates. */

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { decodeAlternativeNames, encodeAlternativeNames } from './alternative-names.ts'
import { decodeName, encodeName } from './encode-name.ts'
import { type Issuer, type KeyUsage, keyUsages, noAlternativeNames, type Profile, type Validity } from './profile.ts'
import {
  arrayBuffer,
  authorityKeyIdentifier,
  extension,
  extensionOids,
  keyIdentifier,
  keyUsageBits,
  publicKeyInfo,
  signedCertificate,
  signedStructure,
  subjectKeyIdentifier,
} from './x509-fields.ts'

/** Signed by `issuer`, or without one by its own key. */
export async function certify(
  profile: Profile,
  wish: Validity &
    ({ readonly publicKey: KeyObject; readonly issuer: Issuer } | { readonly selfSignedWith: KeyObject }),
): Promise<X509Certificate> {
  const isSelfSigned = 'selfSignedWith' in wish
  const publicKey = publicKeyInfo(isSelfSigned ? createPublicKey(wish.selfSignedWith) : wish.publicKey)
  const subject = encodeName(profile.subject)
  const issuer = isSelfSigned ? undefined : pkijs.Certificate.fromBER(arrayBuffer(wish.issuer.certificate.raw))
  const keyId = keyIdentifier(publicKey)
  const certificate = await signedCertificate(isSelfSigned ? wish.selfSignedWith : wish.issuer.key, {
    notBeforeMs: wish.notBeforeMs,
    notAfterMs: wish.notAfterMs,
    issuer: issuer?.subject ?? subject,
    subject,
    publicKey,
    extensions: [
      ...extensionsOf(profile),
      authorityKeyIdentifier(issuer ? keyIdentifier(issuer.subjectPublicKeyInfo) : keyId),
      subjectKeyIdentifier(keyId),
    ],
  })
  return new X509Certificate(certificate)
}

const extensionRequest = '1.2.840.113549.1.9.14'

/** A PKCS #10 request (RFC 2986) in DER, signed by the key that is to be certified. */
export function requestCertificate(profile: Profile, key: KeyObject): Promise<Buffer> {
  const extensions = new pkijs.Extensions({ extensions: extensionsOf(profile) })
  const attribute = new pkijs.Attribute({ type: extensionRequest, values: [extensions.toSchema()] })
  return signedStructure(
    key,
    new asn1js.Sequence({
      value: [
        new asn1js.Integer({ value: 0 }),
        encodeName(profile.subject).toSchema(),
        publicKeyInfo(createPublicKey(key)).toSchema(),
        new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [attribute.toSchema()] }),
      ],
    }),
  )
}

function extensionsOf(profile: Profile): pkijs.Extension[] {
  const { usages, purposes, alternativeNames, isAuthority, pathLength } = profile
  const hasNames = Object.values(alternativeNames).some(names => names.length > 0)
  const basicConstraints = new pkijs.BasicConstraints({
    cA: isAuthority,
    ...(isAuthority && pathLength !== undefined ? { pathLenConstraint: pathLength } : {}),
  })
  return [
    ...(usages.length > 0 ? [extension(extensionOids.keyUsage, keyUsageBits(usages), { critical: true })] : []),
    ...(purposes.length > 0
      ? [extension(extensionOids.extKeyUsage, new pkijs.ExtKeyUsage({ keyPurposes: [...purposes] }))]
      : []),
    // RFC 5280 §4.2.1.9 wants it critical in an authority's certificate and lets it be as it likes in others.
    extension(extensionOids.basicConstraints, basicConstraints, { critical: isAuthority }),
    ...(hasNames
      ? [
          extension(extensionOids.subjectAltName, encodeAlternativeNames(alternativeNames), {
            // §4.2.1.6: who has no other name must be known by these.
            critical: profile.subject === '',
          }),
        ]
      : []),
  ]
}

export function profileOf(certificate: X509Certificate): Profile {
  const { subject, extensions = [] } = pkijs.Certificate.fromBER(arrayBuffer(certificate.raw))
  const extensionValue = (oid: string): asn1js.AsnType | undefined => {
    const found = extensions.find(({ extnID }) => extnID === oid)
    return found && asn1js.fromBER(found.extnValue.valueBlock.valueHexView).result
  }
  const alternativeNames = extensionValue(extensionOids.subjectAltName)
  const usages = extensionValue(extensionOids.keyUsage)
  const purposes = extensionValue(extensionOids.extKeyUsage)
  return {
    subject: decodeName(subject),
    alternativeNames: alternativeNames ? decodeAlternativeNames(alternativeNames) : noAlternativeNames,
    purposes: purposes ? new pkijs.ExtKeyUsage({ schema: purposes }).keyPurposes : [],
    usages: usages instanceof asn1js.BitString ? usagesIn(Buffer.from(usages.valueBlock.valueHexView)) : [],
    isAuthority: certificate.ca,
  }
}

const usagesIn = (bits: Buffer): KeyUsage[] =>
  keyUsages.filter((_, bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
