/**
 * The authority that vaults have certificates issued by under the name `Lazuli`: a root that people can trust for good,
 * and under it an issuer that does the work and is replaced in time. It may speak for any name, so that nothing trusts
 * it by itself: the CA that `lazuli exec` trusts is another one.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { systemGrant } from '../access/grant.ts'
import type { Store } from '../store/open.ts'
import { type Issuer, noAlternativeNames, type Profile, type Validity } from './profile.ts'

export type IssuingAuthority = {
  /** The certificate, its issuer and the root. It never outlives its issuer. */
  issue(profile: Profile, wish: Validity & { publicKey: KeyObject }): Promise<X509Certificate[]>
  root(): Promise<X509Certificate>
}

type Kept = { readonly root: string; readonly issuer: string; readonly issuerKey: string; readonly rootKey: string }

const setting = 'issuing authority'
const dayMs = 86_400_000
const rootLifeMs = 25 * 365 * dayMs
const issuerLifeMs = 10 * 365 * dayMs
/** What it issues should not be cut short by its own end. */
const renewIssuerMs = 3 * 365 * dayMs

const grant = systemGrant('keep the issuing authority')

/** Made when the first certificate is wanted of it. */
export function openIssuingAuthority(parts: {
  store: Pick<Store, 'settings' | 'sealing' | 'write'>
  clock: { now(): number; readonly shiftMs: number }
}): IssuingAuthority {
  const { store, clock } = parts

  const read = (value: string): Kept => JSON.parse(store.sealing.open(setting, Buffer.from(value, 'base64')).toString())
  const seal = (kept: Kept) => Buffer.from(store.sealing.seal(setting, JSON.stringify(kept))).toString('base64')

  const open = async (): Promise<Kept> => {
    const value = await store.settings.get(grant, setting)
    const kept = value === undefined ? undefined : read(value)
    if (kept && validTo(kept.issuer) > clock.now() + renewIssuerMs) return kept
    const made = await withNewIssuer(kept ?? (await newRoot(clock)), clock)
    // Whoever was first has made the one that counts.
    return store.write(async tx => {
      const now = await tx.settings.get(grant, setting)
      if (now !== undefined && now !== value) return read(now)
      await tx.settings.put(grant, setting, seal(made))
      return made
    })
  }

  return {
    async issue(profile, { publicKey, ...validity }) {
      const { certify } = await import('./certify.ts')
      const kept = await open()
      const issuer = issuerOf(kept.issuer, kept.issuerKey)
      const notAfterMs = Math.min(validity.notAfterMs, issuer.certificate.validToDate.getTime())
      const leaf = await certify(profile, { ...validity, notAfterMs, publicKey, issuer })
      return [leaf, issuer.certificate, new X509Certificate(kept.root)]
    },
    root: async () => new X509Certificate((await open()).root),
  }
}

const validTo = (pem: string) => new X509Certificate(pem).validToDate.getTime()

const issuerOf = (certificate: string, key: string): Issuer => ({
  certificate: new X509Certificate(certificate),
  key: createPrivateKey(key),
})

const authority: Omit<Profile, 'subject'> = {
  alternativeNames: noAlternativeNames,
  purposes: [],
  usages: ['keyCertSign', 'cRLSign'],
  isAuthority: true,
}

async function newRoot({ now, shiftMs }: { now(): number; shiftMs: number }): Promise<Pick<Kept, 'root' | 'rootKey'>> {
  const { certify } = await import('./certify.ts')
  const key = newKey()
  const from = now() - Math.max(0, shiftMs) - dayMs
  const root = await certify(
    { ...authority, subject: `CN=Lazuli Root ${fingerprint(key)}, O=Lazuli` },
    { selfSignedWith: key, notBeforeMs: from, notAfterMs: now() + rootLifeMs },
  )
  return { root: root.toString(), rootKey: pemOf(key) }
}

async function withNewIssuer(
  { root, rootKey }: Pick<Kept, 'root' | 'rootKey'>,
  { now, shiftMs }: { now(): number; shiftMs: number },
): Promise<Kept> {
  const { certify } = await import('./certify.ts')
  const key = newKey()
  const issuer = await certify(
    // Path length 0: it certifies leaves and no further authorities.
    { ...authority, pathLength: 0, subject: `CN=Lazuli Issuer ${fingerprint(key)}, O=Lazuli` },
    {
      publicKey: createPublicKey(key),
      issuer: issuerOf(root, rootKey),
      notBeforeMs: now() - Math.max(0, shiftMs) - dayMs,
      notAfterMs: Math.min(now() + issuerLifeMs, validTo(root)),
    },
  )
  return { root, rootKey, issuer: issuer.toString(), issuerKey: pemOf(key) }
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Tells those of several installations apart in a list of trusted ones. */
const fingerprint = (key: KeyObject) =>
  createHash('sha1')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 8)
