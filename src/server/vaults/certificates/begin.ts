import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { type Change, type Grant, systemGrant } from '../../access/grant.ts'
import type { Store, Writes } from '../../store/open.ts'
import type { ObjectPlace, VaultObject } from '../../store/vault-objects.ts'
import { newVersionId } from '../add-version.ts'
import { type Curve, generateMaterial, materialBytes, type RsaSize } from '../cryptography/key-material.ts'
import * as refusals from '../refusals.ts'
import { profileOfPolicy } from './content.ts'
import { issuerKindOf } from './issuers.ts'
import type { CertificatePolicy } from './policy.ts'
import { type CertificateRecord, isIssued, type PendingCertificate, recordOf } from './record.ts'
import { pendingInProgress } from './refusals.ts'
import { scheduleCertificate } from './schedule.ts'

export const keepKeyAndSecret = systemGrant("keep a certificate's key and secret with it")

export type NewCertificate = {
  readonly policy: CertificatePolicy
  readonly enabled: boolean
  readonly tags?: Readonly<Record<string, string>>
  readonly isRenewal: boolean
}

/**
 * Makes the key and the request for a new version and puts them down as pending: whoever issues takes it from there,
 * also after a crash. Throws 409 while another is pending, or when the name is taken.
 */
export async function beginCertificate(
  store: Pick<Store, 'vaultObjects' | 'write'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  wish: NewCertificate,
  now: number,
): Promise<{ object: VaultObject; pending: PendingCertificate }> {
  // Asked first and again with the writing: making a key is work that a client could have done over and over.
  mayBegin(place, await store.vaultObjects.get(grant, place))
  const { requestCertificate } = await import('../../certificates/certify.ts')
  const key = (await keyToReuse(store, grant, place, wish.policy)) ?? (await newKey(wish.policy))
  const csr = await requestCertificate(profileOfPolicy(wish.policy), key)
  const pending: PendingCertificate = {
    requestId: randomUUID().replaceAll('-', ''),
    version: newVersionId(),
    issuer: wish.policy.issuer,
    csr: csr.toString('base64'),
    status: 'inProgress',
    cancellationRequested: false,
    statusDetails:
      issuerKindOf(wish.policy.issuer.name) === 'unknown'
        ? 'Pending certificate created. Please Perform Merge to complete the request.'
        : 'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.',
    enabled: wish.enabled,
    ...(wish.tags ? { tags: wish.tags } : {}),
    isRenewal: wish.isRenewal,
    startedAt: now,
  }
  return store.write(async tx => {
    const before = await tx.vaultObjects.get(grant, place)
    mayBegin(place, before)
    const record: CertificateRecord = { ...(before ? recordOf(before) : {}), policy: wish.policy, pending }
    const secret = key.export({ type: 'pkcs8', format: 'der' })
    await tx.vaultObjects.put(grant, place, { body: record, secret })
    await reserveNames(tx, place)
    await addPlaceholder(tx, grant, place, pending, now)
    await scheduleCertificate(tx, grant, place)
    const object = await tx.vaultObjects.get(grant, place)
    if (!object) throw new Error(`${place.name} is gone while it is being written`)
    return { object, pending }
  })
}

export function mayBegin({ kind, name }: ObjectPlace, before: VaultObject | undefined): void {
  if (before?.deletedAt !== undefined) throw refusals.isDeletedButRecoverable(kind, name)
  if (before && recordOf(before).pending?.status === 'inProgress') throw pendingInProgress()
}

/** Nobody is to take a name that the certificate will need when it has been issued. */
export async function reserveNames(tx: Pick<Writes, 'vaultObjects'>, { vault, name }: ObjectPlace): Promise<void> {
  for (const kind of ['keys', 'secrets'] as const) {
    const place = { vault, kind, name }
    const there = await tx.vaultObjects.get(keepKeyAndSecret, place)
    if (there?.deletedAt !== undefined) throw refusals.isDeletedButRecoverable(kind, name)
    if (there && !there.managed) throw refusals.nameIsTaken(kind, name)
    if (!there) await tx.vaultObjects.put(keepKeyAndSecret, place, { body: {}, managed: true })
  }
}

/** Until a first one has been issued, a certificate is shown as a disabled version without content. */
async function addPlaceholder(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  { version, tags }: PendingCertificate,
  now: number,
): Promise<void> {
  const current = await tx.vaultObjects.version(grant, place)
  if (current && isIssued(current.version)) return
  await tx.vaultObjects.addVersion(grant, place, {
    version,
    enabled: false,
    ...(tags ? { tags } : {}),
    body: {},
    createdAt: now,
    updatedAt: now,
  })
}

async function keyToReuse(
  store: Pick<Store, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  { key_props }: CertificatePolicy,
): Promise<KeyObject | undefined> {
  if (!key_props.reuse_key) return undefined
  const current = await store.vaultObjects.version(grant, place)
  if (!current || !isIssued(current.version)) return undefined
  const keys = { ...place, kind: 'keys' as const }
  const bytes = await store.vaultObjects.unseal(keepKeyAndSecret, keys, current.version.version)
  if (!bytes) return undefined
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  return isKeyFor(key, key_props) ? key : undefined
}

const opensslCurves: Readonly<Record<string, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  'P-256K': 'secp256k1',
}

/** A policy that was changed may want another sort of key. */
function isKeyFor(key: KeyObject, { kty, key_size, crv }: CertificatePolicy['key_props']): boolean {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  return kty === 'RSA' ? modulusLength === key_size : namedCurve === opensslCurves[crv ?? '']
}

async function newKey({ key_props }: CertificatePolicy): Promise<KeyObject> {
  const { kty, key_size, crv } = key_props
  const material =
    kty === 'RSA'
      ? await generateMaterial({ kty, size: key_size as RsaSize })
      : await generateMaterial({ kty, curve: crv as Curve })
  return createPrivateKey({ key: materialBytes(material), format: 'der', type: 'pkcs8' })
}
