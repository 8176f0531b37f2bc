import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/open.ts'
import type { SigningKey } from '../store/signing-keys.ts'
import { selfSignedCertificate } from './self-signed.ts'

/**
 * The authority's keys. One signs; those it replaced stay published until the last token they signed has expired.
 * `kid` and `x5t` are the SHA-1 thumbprint of a certificate over the key, as Azure's are.
 */
export type SigningKeys = {
  active(): Promise<{ kid: string; privateKey: KeyObject }>
  /** Undefined for a key that is not, or no longer, published. */
  publicKey(kid: string): KeyObject | undefined
  /** Public members only: what the key documents show. */
  jwks(): Promise<readonly Record<string, unknown>[]>
  rotate(): Promise<void>
}

const day = 86_400_000
const rotateAfterMs = 30 * day
/** The longest-lived token is a managed identity's: a day, and five minutes of leeway. */
const publishRetiredMs = day + 300_000

const keepKeys = systemGrant("keep the token authority's keys")

type Loaded = { key: SigningKey; privateKey: KeyObject; publicKey: KeyObject }

const load = (key: SigningKey): Loaded => {
  const privateKey = createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' })
  return { key, privateKey, publicKey: createPublicKey(privateKey) }
}

export async function openSigningKeys(store: Store, clock: Clock): Promise<SigningKeys> {
  let loaded = (await store.signingKeys.list(keepKeys)).map(load)
  let rotating: Promise<void> | undefined

  const isPublished = ({ key }: Loaded) => key.retiredAt === undefined || key.retiredAt + publishRetiredMs > clock.now()
  const signing = () => loaded.find(({ key }) => key.retiredAt === undefined)

  async function replaceKey(): Promise<void> {
    const fresh = await generateSigningKey(clock.now())
    const retired = loaded.map(({ key }) => (key.retiredAt === undefined ? { ...key, retiredAt: clock.now() } : key))
    const kept = retired.map(load).filter(isPublished)
    const gone = retired.filter(key => !kept.some(({ key: { kid } }) => kid === key.kid))
    await store.write(async tx => {
      for (const key of retired) await tx.signingKeys.put(keepKeys, key)
      for (const key of gone) await tx.signingKeys.remove(keepKeys, key.kid)
      await tx.signingKeys.put(keepKeys, fresh)
    })
    loaded = [load(fresh), ...kept]
  }
  const rotate = () => {
    rotating ??= replaceKey().finally(() => {
      rotating = undefined
    })
    return rotating
  }

  return {
    rotate,
    async active() {
      let current = signing()
      if (!current || current.key.createdAt + rotateAfterMs <= clock.now()) {
        await rotate()
        current = signing()
      }
      if (!current) throw new Error('no signing key')
      return { kid: current.key.kid, privateKey: current.privateKey }
    },
    publicKey(kid) {
      const found = loaded.find(({ key }) => key.kid === kid)
      return found && isPublished(found) ? found.publicKey : undefined
    },
    async jwks() {
      if (!signing()) await rotate()
      return loaded.filter(isPublished).map(({ key }) => key.publicJwk)
    },
  }
}

const generateRsa = promisify(generateKeyPair)

/** A new key and the certificate that shows it. Takes some tenths of a second. */
export async function generateSigningKey(now: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const certificate = await selfSignedCertificate({ commonName: 'Lazuli token authority', privateKey, publicKey, now })
  const kid = createHash('sha1').update(certificate).digest('base64url')
  const { n, e } = publicKey.export({ format: 'jwk' })
  return {
    kid,
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicJwk: { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e, x5c: [certificate.toString('base64')] },
    createdAt: now,
  }
}
