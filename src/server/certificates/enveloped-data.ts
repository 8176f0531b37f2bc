import { constants, createCipheriv, publicEncrypt, randomBytes, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

const oids = {
  data: '1.2.840.113549.1.7.1',
  envelopedData: '1.2.840.113549.1.7.3',
  rsaEncryption: '1.2.840.113549.1.1.1',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
}

/**
 * EnvelopedData (RFC 5652 §6) in DER for one recipient: AES-256-CBC, its key under RSA with PKCS#1 v1.5. That is what
 * extensions decrypt with `openssl cms`; the web's cryptography, which the library uses, knows only the newer OAEP.
 */
export function envelopedData(content: string, certificatePem: string): Buffer {
  const recipient = new X509Certificate(certificatePem)
  const { issuer, serialNumber } = pkijs.Certificate.fromBER(new Uint8Array(recipient.raw))
  const [key, iv] = [randomBytes(32), randomBytes(16)]
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(content, 'utf8'), cipher.final()])
  const encryptedKey = publicEncrypt({ key: recipient.publicKey, padding: constants.RSA_PKCS1_PADDING }, key)

  const enveloped = new pkijs.EnvelopedData({
    version: 0,
    recipientInfos: [
      new pkijs.RecipientInfo({
        variant: 1,
        value: new pkijs.KeyTransRecipientInfo({
          version: 0,
          rid: new pkijs.IssuerAndSerialNumber({ issuer, serialNumber }),
          keyEncryptionAlgorithm: new pkijs.AlgorithmIdentifier({
            algorithmId: oids.rsaEncryption,
            algorithmParams: new asn1js.Null(),
          }),
          encryptedKey: octetString(encryptedKey),
        }),
      }),
    ],
    encryptedContentInfo: new pkijs.EncryptedContentInfo({
      contentType: oids.data,
      contentEncryptionAlgorithm: new pkijs.AlgorithmIdentifier({
        algorithmId: oids.aes256Cbc,
        algorithmParams: octetString(iv),
      }),
      encryptedContent: octetString(encrypted),
      disableSplit: true,
    }),
  })
  const contentInfo = new pkijs.ContentInfo({ contentType: oids.envelopedData, content: enveloped.toSchema() })
  return Buffer.from(contentInfo.toSchema().toBER())
}

const octetString = (bytes: Uint8Array) => new asn1js.OctetString({ valueHex: new Uint8Array(bytes) })
