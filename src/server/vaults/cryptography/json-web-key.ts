import {
  checkPrime,
  createECDH,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
} from 'node:crypto'
import { promisify } from 'node:util'
import { fromBase64url, toBase64url } from './base64url.ts'
import { type Curve, curves, type KeyMaterial, octMaterial, octSizes, rsaSizes } from './key-material.ts'

/** What of a key everybody may see who may read it: nothing of a symmetric one. */
export type PublicJwk = { n?: string; e?: string; crv?: Curve; x?: string; y?: string }

export function publicJwk(material: KeyMaterial): PublicJwk {
  if (material.kty === 'oct') return {}
  const { n, e, x, y } = createPublicKey(material.key).export({ format: 'jwk' })
  if (material.kty === 'RSA') return { n: String(n), e: String(e) }
  return { crv: material.curve, x: String(x), y: String(y) }
}

/** The members of a key that somebody brings along. RFC 7518 §6. */
export type BroughtJwk = {
  readonly [member in RsaMember | 'crv' | 'x' | 'y' | 'k']?: string | undefined
}
type RsaMember = (typeof rsaMembers)[number]
const rsaMembers = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** Why a key cannot be taken: the name of what is wrong, or the size. */
export type JwkRefusal = { readonly invalid: string } | { readonly size: number; readonly sizes: readonly number[] }

const isPrime = promisify(checkPrime) as (candidate: bigint) => Promise<boolean>

/**
 * Reads a key with its private part. All that can be checked is: a key whose parts do not belong together would only
 * fail when it is used, and some such keys give their secret away then.
 */
export async function materialOfJwk(kty: KeyMaterial['kty'], jwk: BroughtJwk): Promise<KeyMaterial | JwkRefusal> {
  if (kty === 'RSA') return rsaOfJwk(jwk)
  return kty === 'EC' ? ecOfJwk(jwk) : octOfJwk(jwk)
}

function octOfJwk({ k }: BroughtJwk): KeyMaterial | JwkRefusal {
  const bytes = k === undefined ? undefined : fromBase64url(k)
  if (!bytes?.length) return { invalid: 'k' }
  return octMaterial(createSecretKey(bytes)) ?? { size: bytes.length * 8, sizes: octSizes }
}

function ecOfJwk({ crv, x, y, d }: BroughtJwk): KeyMaterial | JwkRefusal {
  if (crv === undefined || !Object.hasOwn(curves, crv)) return { invalid: 'crv' }
  const curve = crv as Curve
  const length = curve === 'P-521' ? 66 : Number(curve.slice(2, 5)) / 8
  const members = { x, y, d }
  const padded: Record<string, Buffer> = {}
  for (const [name, text] of Object.entries(members)) {
    const bytes = text === undefined ? undefined : fromBase64url(text)
    if (!bytes?.length) return { invalid: name }
    const bare = withoutLeadingZeros(bytes)
    if (bare.length > length) return { invalid: name }
    padded[name] = Buffer.concat([Buffer.alloc(length - bare.length), bare])
  }
  const [px, py, pd] = [padded.x, padded.y, padded.d] as [Buffer, Buffer, Buffer]
  try {
    const pair = createECDH(curves[curve])
    pair.setPrivateKey(pd)
    if (!pair.getPublicKey().equals(Buffer.concat([Buffer.of(4), px, py]))) return { invalid: 'x' }
  } catch {
    return { invalid: 'd' } // zero, or not below the order of the curve
  }
  const key: JsonWebKey = {
    kty: 'EC',
    crv: curve === 'P-256K' ? 'secp256k1' : curve,
    x: toBase64url(px),
    y: toBase64url(py),
    d: toBase64url(pd),
  }
  return { kty: 'EC', curve, key: createPrivateKey({ key, format: 'jwk' }) }
}

async function rsaOfJwk(jwk: BroughtJwk): Promise<KeyMaterial | JwkRefusal> {
  const numbers: Partial<Record<RsaMember, bigint>> = {}
  for (const name of rsaMembers) {
    const bytes = jwk[name] === undefined ? undefined : fromBase64url(jwk[name])
    // Nothing of a key of 4096 bits is longer, and arithmetic with endless numbers takes endless.
    if (!bytes?.length || bytes.length > 520) return { invalid: name }
    numbers[name] = BigInt(`0x${bytes.toString('hex')}`)
  }
  const { n, e, d, p, q, dp, dq, qi } = numbers as Record<RsaMember, bigint>
  const bits = n.toString(2).length
  const size = rsaSizes.find(one => one === bits)
  if (!size) return { size: bits, sizes: rsaSizes }
  if (e < 3n || e % 2n === 0n || e >= 1n << 32n) return { invalid: 'e' }
  if (p <= 1n || q <= 1n || p === q || p * q !== n) return { invalid: 'p' }
  if (d >= n || (e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) return { invalid: 'd' }
  if (dp !== d % (p - 1n)) return { invalid: 'dp' }
  if (dq !== d % (q - 1n)) return { invalid: 'dq' }
  if (qi >= p || (qi * q) % p !== 1n) return { invalid: 'qi' }
  if (!(await isPrime(p))) return { invalid: 'p' }
  if (!(await isPrime(q))) return { invalid: 'q' }
  const parts = Object.fromEntries(rsaMembers.map(name => [name, toBase64url(bytesOf(numbers[name] as bigint))]))
  return { kty: 'RSA', size, key: createPrivateKey({ key: { kty: 'RSA', ...parts }, format: 'jwk' }) }
}

const withoutLeadingZeros = (bytes: Buffer): Buffer => {
  const first = bytes.findIndex(byte => byte !== 0)
  return first === -1 ? bytes.subarray(bytes.length) : bytes.subarray(first)
}

const bytesOf = (number: bigint): Buffer => {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}
