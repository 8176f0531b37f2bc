import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import type { Change, Grant } from '../../access/grant.ts'
import type { Writes } from '../../store/open.ts'
import type { FoundVersion, ObjectPlace, ObjectVersion } from '../../store/vault-objects.ts'
import { addVersion, type NewVersion } from '../add-version.ts'
import { keepKeyAndSecret } from './begin.ts'
import { keyVersionOf } from './key-of-certificate.ts'
import type { CertificatePolicy } from './policy.ts'
import { type CertificateRecord, type CertificateVersion, recordOf } from './record.ts'
import { scheduleCertificate } from './schedule.ts'

export type IssuedCertificate = {
  readonly version: string
  readonly leaf: X509Certificate
  readonly key: KeyObject
  /** As the secret holds it; see content.ts. */
  readonly secret: string
  readonly policy: CertificatePolicy
  readonly enabled: boolean
  readonly tags?: Readonly<Record<string, string>>
  readonly preserveCertOrder?: boolean
  readonly lifetime?: CertificateVersion['lifetime']
}

/**
 * Puts an issued certificate down as a version of the certificate, of its key and of its secret, in one transaction,
 * and with it what is to be kept for all versions.
 */
export async function addIssued(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  issued: IssuedCertificate,
  record: (before: CertificateRecord | undefined) => CertificateRecord,
  now: number,
): Promise<FoundVersion> {
  const { version, leaf, enabled, tags } = issued
  const attributes = {
    enabled,
    notBefore: Math.floor(leaf.validFromDate.getTime() / 1000),
    expires: Math.floor(leaf.validToDate.getTime() / 1000),
    ...(tags ? { tags } : {}),
  }
  const before = await tx.vaultObjects.get(grant, place)
  const body: CertificateVersion = {
    cer: leaf.raw.toString('base64'),
    x5t: createHash('sha1').update(leaf.raw).digest('base64url'),
    ...(issued.preserveCertOrder === undefined ? {} : { preserveCertOrder: issued.preserveCertOrder }),
    ...(issued.lifetime ? { lifetime: issued.lifetime } : {}),
  }
  const kept = record(before && recordOf(before))
  // A key that was waiting has found its place.
  await tx.vaultObjects.put(grant, place, { body: kept, secret: null })

  const inVault = { now, managed: true }
  const of = (kind: 'keys' | 'secrets') => ({ ...place, kind })
  await addVersion(tx, keepKeyAndSecret, of('keys'), { version, ...attributes, ...keyVersionOf(issued) }, inVault)
  const secret = { body: { contentType: issued.policy.secret_props.contentType }, secret: issued.secret }
  await addVersion(tx, keepKeyAndSecret, of('secrets'), { version, ...attributes, ...secret }, inVault)

  const made = await putVersion(tx, grant, place, { version, ...attributes, body }, now)
  await scheduleCertificate(tx, grant, place)
  return { ...made, object: { ...made.object, body: kept } }
}

/** A new version, or the content of the one that has been shown without any so far. */
async function putVersion(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  version: NewVersion & { readonly version: string },
  now: number,
): Promise<FoundVersion> {
  const placeholder = await tx.vaultObjects.version(grant, place, version.version)
  if (!placeholder) return addVersion(tx, grant, place, version, { now })
  const filled: ObjectVersion = { ...placeholder.version, ...version, updatedAt: now }
  await tx.vaultObjects.putVersion(grant, place, filled)
  return { object: placeholder.object, version: filled }
}
