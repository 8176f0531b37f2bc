import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

export type SignedContent = {
  readonly content: Buffer
  readonly signer: X509Certificate
  /** The signer's RSA key. */
  readonly key: KeyObject
  /** Further certificates to send along. */
  readonly chain: readonly X509Certificate[]
  readonly nowMs: number
}

const data = '1.2.840.113549.1.7.1'
const contentType = '1.2.840.113549.1.9.3'
const messageDigest = '1.2.840.113549.1.9.4'
const signingTime = '1.2.840.113549.1.9.5'

/** SignedData (RFC 5652 §5) in DER: RSA PKCS#1 v1.5 over SHA-256, content attached, the signer's certificate first. */
export async function signedData({ content, signer, key, chain, nowMs }: SignedContent): Promise<Buffer> {
  const certificate = parsed(signer)
  const encapContentInfo = new pkijs.EncapsulatedContentInfo({ eContentType: data })
  // Set afterwards: the constructor would cut it into a constructed OCTET STRING, which is BER and not DER.
  encapContentInfo.eContent = octetString(content)

  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo,
    certificates: [certificate, ...chain.map(parsed)],
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({
          type: 0,
          // The signature covers a SET in DER, which sorts its members: here, by length.
          attributes: [
            attribute(contentType, new asn1js.ObjectIdentifier({ value: data })),
            attribute(signingTime, new asn1js.UTCTime({ valueDate: new Date(nowMs) })),
            attribute(messageDigest, octetString(createHash('sha256').update(content).digest())),
          ],
        }),
      }),
    ],
  })
  const signingKey = key.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
  await signed.sign(signingKey, 0, 'SHA-256')

  const contentInfo = new pkijs.ContentInfo({
    contentType: pkijs.ContentInfo.SIGNED_DATA,
    content: signed.toSchema(true),
  })
  return Buffer.from(contentInfo.toSchema().toBER())
}

function parsed(certificate: X509Certificate): pkijs.Certificate {
  return pkijs.Certificate.fromBER(new Uint8Array(certificate.raw))
}

function octetString(bytes: Uint8Array): asn1js.OctetString {
  return new asn1js.OctetString({ valueHex: new Uint8Array(bytes) })
}

function attribute(type: string, value: asn1js.BaseBlock): pkijs.Attribute {
  return new pkijs.Attribute({ type, values: [value] })
}
