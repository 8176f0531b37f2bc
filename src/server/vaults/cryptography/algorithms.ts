import type { AesCipher } from './aes.ts'
import type { Digest } from './digests.ts'
import type { Curve, OctSize } from './key-material.ts'
import { type RsaCipher, type RsaSignature, rsaCiphers } from './rsa.ts'

/** How to sign: by a key of which type, and what. RFC 7518 §3 */
export type Signature =
  | ({ readonly kty: 'RSA' } & RsaSignature)
  | { readonly kty: 'EC'; readonly curve: Curve; readonly digest: Digest }

export const signatures: Readonly<Record<string, Signature>> = {
  RS256: { kty: 'RSA', scheme: 'RS', digest: 'sha256' },
  RS384: { kty: 'RSA', scheme: 'RS', digest: 'sha384' },
  RS512: { kty: 'RSA', scheme: 'RS', digest: 'sha512' },
  PS256: { kty: 'RSA', scheme: 'PS', digest: 'sha256' },
  PS384: { kty: 'RSA', scheme: 'PS', digest: 'sha384' },
  PS512: { kty: 'RSA', scheme: 'PS', digest: 'sha512' },
  ES256: { kty: 'EC', curve: 'P-256', digest: 'sha256' },
  ES256K: { kty: 'EC', curve: 'P-256K', digest: 'sha256' },
  ES384: { kty: 'EC', curve: 'P-384', digest: 'sha384' },
  ES512: { kty: 'EC', curve: 'P-521', digest: 'sha512' },
}

/** How to encrypt, and which of a vault's two pairs of operations do it. */
export type Cipher = { readonly encrypts: boolean; readonly wraps: boolean } & (
  | { readonly kty: 'RSA'; readonly alg: RsaCipher }
  | ({ readonly kty: 'oct' } & AesCipher)
)

const aes = (size: OctSize): Record<string, Cipher> => ({
  [`A${size}GCM`]: { kty: 'oct', mode: 'GCM', size, encrypts: true, wraps: false },
  [`A${size}CBC`]: { kty: 'oct', mode: 'CBC', size, encrypts: true, wraps: false },
  [`A${size}CBCPAD`]: { kty: 'oct', mode: 'CBCPAD', size, encrypts: true, wraps: false },
  [`A${size}KW`]: { kty: 'oct', mode: 'KW', size, encrypts: false, wraps: true },
})

export const ciphers: Readonly<Record<string, Cipher>> = {
  ...Object.fromEntries(
    (Object.keys(rsaCiphers) as RsaCipher[]).map(alg => [alg, { kty: 'RSA', alg, encrypts: true, wraps: true }]),
  ),
  ...aes(128),
  ...aes(192),
  ...aes(256),
}
