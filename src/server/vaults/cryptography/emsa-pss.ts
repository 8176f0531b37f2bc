import { randomBytes } from 'node:crypto'
import { type Digest, digestBytes, hash } from './digests.ts'

// RFC 8017 §9.1, with MGF1 and a salt as long as the digest (RFC 7518 §3.5). Node signs with PSS only what it has hashed
// itself; a vault is given the digest.

const trailer = 0xbc
const prefix = Buffer.alloc(8)

/** The encoded message for a modulus of `modulusBits`: it has as many bytes as the modulus. */
export function encodePss(digest: Digest, message: Uint8Array, modulusBits: number): Buffer {
  const bytes = Math.ceil(modulusBits / 8)
  const length = digestBytes[digest]
  const salt = randomBytes(length)
  const sum = hash(digest, prefix, message, salt)
  const block = Buffer.alloc(bytes - length - 1)
  block[block.length - length - 1] = 1
  salt.copy(block, block.length - length)
  mask(block, sum, digest)
  block[0] = (block[0] ?? 0) & topMask(modulusBits)
  return Buffer.concat([block, sum, Buffer.of(trailer)])
}

export function isPssOf(encoded: Buffer, digest: Digest, message: Uint8Array, modulusBits: number): boolean {
  const length = digestBytes[digest]
  if (encoded.length !== Math.ceil(modulusBits / 8) || encoded.at(-1) !== trailer) return false
  const block = Buffer.from(encoded.subarray(0, encoded.length - length - 1))
  const sum = encoded.subarray(block.length, block.length + length)
  if (((block[0] ?? 0) & ~topMask(modulusBits)) !== 0) return false
  mask(block, sum, digest)
  block[0] = (block[0] ?? 0) & topMask(modulusBits)
  const padding = block.subarray(0, block.length - length)
  if (padding.at(-1) !== 1 || padding.subarray(0, -1).some(byte => byte !== 0)) return false
  return hash(digest, prefix, message, block.subarray(-length)).equals(sum)
}

/** The encoded message has one bit less than the modulus. */
const topMask = (modulusBits: number) => 0xff >> (8 * Math.ceil(modulusBits / 8) - (modulusBits - 1))

/** MGF1 (§B.2.1), laid over `block`. */
function mask(block: Buffer, seed: Uint8Array, digest: Digest): void {
  const counter = Buffer.alloc(4)
  for (let at = 0; at < block.length; at += digestBytes[digest]) {
    counter.writeUInt32BE(at / digestBytes[digest])
    const part = hash(digest, seed, counter)
    for (let i = 0; i < part.length && at + i < block.length; i++) block[at + i] = (block[at + i] ?? 0) ^ (part[i] ?? 0)
  }
}
