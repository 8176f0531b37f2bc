import { createPrivateKey, createSecretKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

export const rsaSizes = [2048, 3072, 4096] as const
export const octSizes = [128, 192, 256] as const
/** Azure's names of curves, and OpenSSL's. */
export const curves = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  'P-256K': 'secp256k1',
} as const

export type RsaSize = (typeof rsaSizes)[number]
export type OctSize = (typeof octSizes)[number]
export type Curve = keyof typeof curves

/** What a key is made of, without what the vault adds to it. `key` is the private or secret one. */
export type KeyMaterial =
  | { readonly kty: 'RSA'; readonly size: RsaSize; readonly key: KeyObject }
  | { readonly kty: 'EC'; readonly curve: Curve; readonly key: KeyObject }
  | { readonly kty: 'oct'; readonly size: OctSize; readonly key: KeyObject }

export type KeyWish =
  | { readonly kty: 'RSA'; readonly size: RsaSize; readonly publicExponent?: number | undefined }
  | { readonly kty: 'EC'; readonly curve: Curve }
  | { readonly kty: 'oct'; readonly size: OctSize }

const generatePair = promisify(generateKeyPair)

/** Makes a key, off the event loop. */
export async function generateMaterial(wish: KeyWish): Promise<KeyMaterial> {
  if (wish.kty === 'oct') {
    return { kty: 'oct', size: wish.size, key: createSecretKey(randomBytes(wish.size / 8)) }
  }
  if (wish.kty === 'EC') {
    const { privateKey } = await generatePair('ec', { namedCurve: curves[wish.curve] })
    return { kty: 'EC', curve: wish.curve, key: privateKey }
  }
  const publicExponent = wish.publicExponent ?? 65_537
  const { privateKey } = await generatePair('rsa', { modulusLength: wish.size, publicExponent })
  return { kty: 'RSA', size: wish.size, key: privateKey }
}

/** Another key of the same sort, for a rotation. */
export const sortOf = (material: KeyMaterial): KeyWish =>
  material.kty === 'RSA'
    ? {
        kty: 'RSA',
        size: material.size,
        publicExponent: Number(material.key.asymmetricKeyDetails?.publicExponent ?? 65_537),
      }
    : material.kty === 'EC'
      ? { kty: 'EC', curve: material.curve }
      : { kty: 'oct', size: material.size }

/** The form in which material is kept, to be sealed. */
export const materialBytes = ({ kty, key }: KeyMaterial): Buffer =>
  kty === 'oct' ? key.export() : key.export({ format: 'der', type: 'pkcs8' })

export function materialOf(kty: KeyMaterial['kty'], bytes: Buffer): KeyMaterial {
  const material =
    kty === 'oct'
      ? octMaterial(createSecretKey(bytes))
      : pairMaterial(createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }))
  if (material?.kty !== kty) throw new Error(`This is no key of type ${kty}.`)
  return material
}

/** A private key as material; undefined when it is of a sort that vaults do not take. */
export function pairMaterial(key: KeyObject): KeyMaterial | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    const size = rsaSizes.find(one => one === modulusLength)
    return size && { kty: 'RSA', size, key }
  }
  if (key.asymmetricKeyType !== 'ec') return undefined
  const curve = (Object.keys(curves) as Curve[]).find(name => curves[name] === namedCurve)
  return curve && { kty: 'EC', curve, key }
}

export function octMaterial(key: KeyObject): KeyMaterial | undefined {
  const size = octSizes.find(one => one === (key.symmetricKeySize ?? 0) * 8)
  return size && { kty: 'oct', size, key }
}
