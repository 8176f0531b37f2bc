/** Takes in a certificate that was made elsewhere, in whatever form. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { type ReadPfx, readParts } from '../../../certificate-bundle/bundle.ts'
import { orderBundle } from '../../../certificate-bundle/chain.ts'
import { BundleFailure } from '../../../certificate-bundle/failure.ts'
import { looksLikePem } from '../../../certificate-bundle/pem.ts'
import { pairMaterial } from '../cryptography/key-material.ts'
import { x509PropertiesOf } from './content.ts'
import { ownIssuers } from './issuers.ts'
import { type CertificatePolicy, contentTypes, policyOf } from './policy.ts'
import * as refusals from './refusals.ts'

export type Imported = {
  readonly leaf: X509Certificate
  /** From the leaf upwards, or in the order of the upload. */
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
  readonly contentType: string
}

/** Throws 400 in Azure's words. The content type that a client names is wrong often enough that it is not asked. */
export async function readImport(
  readPfx: ReadPfx,
  { value, password, preserveOrder }: { value: string; password: string; preserveOrder: boolean },
  now: number,
): Promise<Imported> {
  const isPem = looksLikePem(value) || looksLikePem(Buffer.from(value, 'base64').toString('latin1'))
  try {
    const parts = await readParts(value, readPfx, password)
    const { chain, key } = orderBundle(parts)
    const [leaf] = chain
    if (leaf.validToDate.getTime() <= now) throw refusals.expiredCertificate()
    if (!pairMaterial(key)) throw refusals.unsupportedKey()
    const kept = preserveOrder ? inOrderOf(parts.certificates, chain) : chain
    return { leaf, chain: kept, key, contentType: isPem ? contentTypes.pem : contentTypes.pfx }
  } catch (error) {
    if (error instanceof BundleFailure) throw refusalOf(error, isPem)
    throw error
  }
}

/** Those of the chain, each once, as they came. */
function inOrderOf(all: readonly Uint8Array[], chain: readonly X509Certificate[]): X509Certificate[] {
  const position = (one: X509Certificate) => all.findIndex(der => one.raw.equals(der))
  return [...chain].sort((a, b) => position(a) - position(b))
}

function refusalOf({ reason, message }: BundleFailure, isPem: boolean) {
  if (reason === 'no-private-key') return refusals.noPrivateKey()
  if (reason === 'key-mismatch') return refusals.keyMismatch()
  if (reason === 'wrong-password') return refusals.wrongPassword()
  return isPem || reason === 'unreadable' ? refusals.unreadableCertificate(message) : refusals.unreadablePfx(message)
}

/** What the client does not say is read from the certificate. */
export async function policyOfImport(
  wish: unknown,
  { leaf, key, contentType }: Imported,
  now: number,
): Promise<CertificatePolicy> {
  const x509 = await x509PropertiesOf(leaf)
  const material = pairMaterial(key)
  const { key_props, secret_props, lifetime_actions, issuer } = (wish ?? {}) as Partial<CertificatePolicy>
  const sort = material?.kty === 'EC' ? { kty: 'EC', crv: material.curve } : { kty: 'RSA', key_size: material?.size }
  const policy = policyOf(
    {
      key_props: { exportable: key_props?.exportable, reuse_key: key_props?.reuse_key, ...sort },
      secret_props: { contentType: secret_props?.contentType ?? contentType },
      // What the certificate says stands in it, whatever a policy would have liked.
      x509_props: { subject: 'CN=imported' },
      issuer: issuer ?? { name: ownIssuers.unknown },
      lifetime_actions,
    },
    now,
  )
  return { ...policy, x509_props: x509 }
}
