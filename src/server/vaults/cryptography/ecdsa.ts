import { createPublicKey, type KeyObject } from 'node:crypto'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Curve } from './key-material.ts'

// Node signs with ECDSA only what it has hashed itself; a vault is given the digest. Both halves of a signature have the
// length of the field (RFC 7518 §3.4). `lowS` is for blockchains: elsewhere, both of the two valid signatures are.
const curveOf: Readonly<Record<Curve, ECDSA>> = { 'P-256': p256, 'P-384': p384, 'P-521': p521, 'P-256K': secp256k1 }
const raw = { prehash: false, lowS: false, format: 'compact' } as const

export const ecdsaSign = (curve: Curve, key: KeyObject, digest: Uint8Array): Uint8Array =>
  curveOf[curve].sign(digest, Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url'), raw)

export function ecdsaVerify(curve: Curve, key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const { x, y } = createPublicKey(key).export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.of(4), Buffer.from(String(x), 'base64url'), Buffer.from(String(y), 'base64url')])
  try {
    return curveOf[curve].verify(signature, digest, point, raw)
  } catch {
    return false // of another length, or with a half that is zero or not below the order
  }
}
