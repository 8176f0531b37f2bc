import { constants, type KeyObject, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt } from 'node:crypto'
import { type Digest, digestBytes } from './digests.ts'
import { encodePss, isPssOf } from './emsa-pss.ts'

export const rsaCiphers = {
  RSA1_5: { padding: constants.RSA_PKCS1_PADDING },
  'RSA-OAEP': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  'RSA-OAEP-256': { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
} as const

export type RsaCipher = keyof typeof rsaCiphers

export const rsaEncrypt = (alg: RsaCipher, key: KeyObject, value: Uint8Array): Buffer =>
  publicEncrypt({ key, ...rsaCiphers[alg] }, value)

// Of a text that was not made with this key, RSA1_5 makes something else and does not say so: OpenSSL leaves attackers
// who try many texts in the dark (implicit rejection).
export const rsaDecrypt = (alg: RsaCipher, key: KeyObject, value: Uint8Array): Buffer =>
  privateDecrypt({ key, ...rsaCiphers[alg] }, value)

export type RsaSignature = { readonly scheme: 'RS' | 'PS'; readonly digest: Digest }

export function rsaSign({ scheme, digest }: RsaSignature, key: KeyObject, message: Uint8Array): Buffer {
  if (scheme === 'RS') {
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest, message))
  }
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(digest, message, bitsOf(key)))
}

export function rsaVerify(
  { scheme, digest }: RsaSignature,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    if (scheme === 'RS') {
      const signed = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature)
      return signed.equals(digestInfo(digest, message))
    }
    const signed = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)
    return isPssOf(signed, digest, message, bitsOf(key))
  } catch {
    return false // of another length, above the modulus, or padded otherwise
  }
}

const bitsOf = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? 0

/** The DER that stands before a digest in a signature: RFC 8017 §9.2, note 1. */
function digestInfo(digest: Digest, message: Uint8Array): Buffer {
  const length = digestBytes[digest]
  const lastOfOid = { sha256: 1, sha384: 2, sha512: 3 }[digest]
  const algorithm = [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, lastOfOid, 0x05, 0x00]
  return Buffer.concat([Buffer.from([0x30, 17 + length, ...algorithm, 0x04, length]), message])
}
