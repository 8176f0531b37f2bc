import { type PublicJwk, publicJwk } from './cryptography/json-web-key.ts'
import { type KeyMaterial, materialBytes, materialOf } from './cryptography/key-material.ts'

export const keyUses = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const
/** What can be done with a key: what clients call `key_ops`. */
export type KeyUse = (typeof keyUses)[number]

export type KeyType = KeyMaterial['kty'] | `${KeyMaterial['kty']}-HSM`

/** What a version of a key keeps beside its private part. */
export type KeyBody = {
  readonly kty: KeyType
  readonly publicKey: PublicJwk
  readonly keyOps: readonly string[]
}

export const softwareType = (kty: KeyType) => kty.replace('-HSM', '') as KeyMaterial['kty']

/** What a key can be used for when its maker did not say. */
export const usualUses = (kty: KeyMaterial['kty']): readonly KeyUse[] =>
  ({ RSA: keyUses, EC: ['sign', 'verify'] as const, oct: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] as const })[kty]

/** Material as a version of a key keeps it. */
export const keyVersion = (
  material: KeyMaterial,
  { kty = material.kty, keyOps = usualUses(material.kty) }: { kty?: KeyType; keyOps?: readonly string[] } = {},
): { body: KeyBody; secret: Buffer } => ({
  body: { kty, publicKey: publicJwk(material), keyOps },
  secret: materialBytes(material),
})

export const materialOfVersion = (body: KeyBody, secret: Buffer): KeyMaterial =>
  materialOf(softwareType(body.kty), secret)
