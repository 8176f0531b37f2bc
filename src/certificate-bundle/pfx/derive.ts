/** Keys from passwords, with Node's own hashes: a thousand times faster than in a script, which decides what can be read. */

import { createHash, pbkdf2Sync } from 'node:crypto'
import { BundleFailure } from '../failure.ts'

/** Windows makes files with 2,000 iterations, OpenSSL with 2,048, and careful people with a million. */
const mostIterations = 2_000_000

export type Budget = { left: number }
/** A file names its numbers of iterations itself, several times. */
export const openBudget = (): Budget => ({ left: 3 * mostIterations })

function spend(budget: Budget, iterations: number): number {
  if (!(iterations >= 1)) throw new BundleFailure('unreadable', 'The PKCS #12 file names no number of iterations')
  if (iterations > mostIterations || iterations > budget.left)
    throw new BundleFailure(
      'too-expensive',
      `The PKCS #12 file takes more than ${mostIterations} iterations to open, or several times as many`,
    )
  budget.left -= iterations
  return iterations
}

export type Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'
export type Salted = { readonly salt: Uint8Array; readonly iterations: number }

export function pbkdf2(
  password: string,
  { salt, iterations }: Salted,
  bytes: number,
  hash: Hash,
  budget: Budget,
): Buffer {
  return pbkdf2Sync(password, salt, spend(budget, iterations), bytes, hash)
}

/** What the bytes are for. */
export const purpose = { key: 1, iv: 2, mac: 3 } as const

/**
 * RFC 7292, appendix B.2. `password` is in UTF-16 with a zero at the end, or nothing at all: programs differ in what an
 * empty password is.
 */
export function pkcs12Kdf(
  password: Uint8Array,
  { salt, iterations }: Salted,
  bytes: number,
  { hash, id, budget }: { hash: Hash; id: number; budget: Budget },
): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64
  const input = Buffer.concat([filled(salt, block), filled(password, block)])
  const output: Buffer[] = []
  for (let size = 0; size < bytes; ) {
    spend(budget, iterations)
    let digest = createHash(hash).update(Buffer.alloc(block, id)).update(input).digest()
    for (let round = 1; round < iterations; round++) digest = createHash(hash).update(digest).digest()
    output.push(digest)
    size += digest.length
    const addend = filled(digest, block).subarray(0, block)
    for (let at = 0; at < input.length; at += block) add(input.subarray(at, at + block), addend)
  }
  return Buffer.concat(output).subarray(0, bytes)
}

/** Repeated up to a multiple of the block; nothing stays nothing. */
function filled(bytes: Uint8Array, block: number): Buffer {
  const filling = Buffer.alloc(Math.ceil(bytes.length / block) * block)
  for (let at = 0; at < filling.length; at++) filling[at] = bytes[at % bytes.length] ?? 0
  return filling
}

/** `number + addend + 1`, both of them big-endian, in place. */
function add(number: Buffer, addend: Buffer): void {
  let carry = 1
  for (let at = number.length - 1; at >= 0; at--) {
    const sum = (number[at] ?? 0) + (addend[at] ?? 0) + carry
    number[at] = sum & 0xff
    carry = sum >> 8
  }
}
