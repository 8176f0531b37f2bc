import type { KeyObject } from 'node:crypto'
import { pairMaterial } from '../cryptography/key-material.ts'
import { type KeyBody, type KeyUse, keyVersion } from '../key-version.ts'
import type { CertificatePolicy } from './policy.ts'
import { unsupportedKey } from './refusals.ts'

/** What a certificate's key may do follows from what the certificate says it is for. */
const usesOf: Readonly<Record<string, readonly KeyUse[]>> = {
  digitalSignature: ['sign', 'verify'],
  nonRepudiation: ['sign', 'verify'],
  keyCertSign: ['sign', 'verify'],
  cRLSign: ['sign', 'verify'],
  keyEncipherment: ['wrapKey', 'unwrapKey'],
  dataEncipherment: ['encrypt', 'decrypt'],
}

/** The key of a certificate as its version of the key of the same name keeps it. Throws 400 for a key vaults do not take. */
export function keyVersionOf({
  key,
  policy,
}: {
  readonly key: KeyObject
  readonly policy: Pick<CertificatePolicy, 'x509_props'>
}): { body: KeyBody; secret: Buffer } {
  const material = pairMaterial(key)
  if (!material) throw unsupportedKey()
  const uses = policy.x509_props.key_usage.flatMap(usage => usesOf[usage] ?? [])
  // A certificate that says nothing about it restricts nothing (RFC 5280 §4.2.1.3).
  return keyVersion(material, uses.length === 0 ? {} : { keyOps: [...new Set(uses)] })
}
