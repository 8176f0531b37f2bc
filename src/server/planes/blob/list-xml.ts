import type { Call } from '../../door/operation.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import { dayMs } from './account/service-properties.ts'
import { rfc1123 } from './answer.ts'
import { canBeLeased, defaultType, isCurrentVersion } from './blob-headers.ts'
import { leaseHeaders } from './lease.ts'
import { archiveStatus, settled } from './rehydration.ts'
import { cannotBeXml, element, escaped } from './xml.ts'

/** The address of the account, as the request has it. */
export function endpointOf({ url, params }: Pick<Call, 'url' | 'params'>): string {
  const isPathStyle = url.pathname.startsWith(`/${params.account}/`) && !url.host.startsWith(`${params.account}.`)
  return escaped(`${url.origin}/${isPathStyle ? `${params.account}/` : ''}`)
}

export const metadataXml = (metadata: Readonly<Record<string, string>>) =>
  `<Metadata>${Object.entries(metadata)
    .map(([name, value]) => element(name, value))
    .join('')}</Metadata>`

export const tagsXml = (tags: Readonly<Record<string, string>>) =>
  `<Tags><TagSet>${Object.entries(tags)
    .map(([name, value]) => `<Tag>${element('Key', name)}${element('Value', value)}</Tag>`)
    .join('')}</TagSet></Tags>`

/** A name that XML cannot carry goes percent-encoded, and says so. */
export const nameXml = (name: string) =>
  cannotBeXml(name) ? `<Name Encoded="true">${encodeURIComponent(name)}</Name>` : element('Name', name)

export type BlobItem = {
  readonly defaultTier: string
  readonly now: number
  readonly metadata: boolean
  readonly tags: boolean
  readonly copy: boolean
}

/** A blob that is gone can be listed for the versions that are left of it. */
export type ListedBlob = StoredBlob & { readonly hasVersionsOnly?: true }

export function blobXml(stored: ListedBlob, { defaultTier, now, metadata, tags, copy }: BlobItem): string {
  const blob = settled(stored, now)
  const { headers } = blob
  const lease = leaseHeaders(blob.lease, now)
  const hasTier = blob.kind === 'BlockBlob' || blob.tier !== undefined
  const tagCount = Object.keys(blob.tags ?? {}).length
  const changed = rfc1123(blob.changedAt)
  const properties =
    // To write a time takes longer than all the rest, and most blobs have never been changed.
    element('Creation-Time', blob.createdAt === blob.changedAt ? changed : rfc1123(blob.createdAt)) +
    element('Last-Modified', changed) +
    element('Etag', blob.etag) +
    element('Content-Length', blob.length) +
    element('Content-Type', headers.type ?? defaultType) +
    element('Content-Encoding', headers.encoding ?? '') +
    element('Content-Language', headers.language ?? '') +
    '<Content-CRC64 />' +
    element('Content-MD5', headers.md5 ?? '') +
    element('Cache-Control', headers.cacheControl ?? '') +
    element('Content-Disposition', headers.disposition ?? '') +
    element('x-ms-blob-sequence-number', blob.kind === 'PageBlob' ? (blob.sequenceNumber ?? 0) : undefined) +
    element('BlobType', blob.kind) +
    (hasTier ? element('AccessTier', blob.tier ?? defaultTier) : '') +
    element('ArchiveStatus', archiveStatus(blob)?.status) +
    element('RehydratePriority', archiveStatus(blob)?.priority) +
    (hasTier && blob.tier === undefined ? '<AccessTierInferred>true</AccessTierInferred>' : '') +
    element('AccessTierChangeTime', blob.tierChangedAt === undefined ? undefined : rfc1123(blob.tierChangedAt)) +
    (canBeLeased(blob)
      ? element('LeaseStatus', lease['x-ms-lease-status']) +
        element('LeaseState', lease['x-ms-lease-state']) +
        element('LeaseDuration', lease['x-ms-lease-duration'])
      : '') +
    (copy && blob.copy ? copyXml(blob.copy) : '') +
    '<ServerEncrypted>true</ServerEncrypted>' +
    element('Sealed', blob.sealed) +
    element('DeletedTime', blob.deletedAt === undefined ? undefined : rfc1123(blob.deletedAt)) +
    element('RemainingRetentionDays', blob.purgeAt === undefined ? undefined : wholeDays(blob.purgeAt - now)) +
    element('TagCount', tagCount > 0 ? tagCount : undefined)
  return (
    '<Blob>' +
    nameXml(blob.name) +
    (blob.deletedAt === undefined ? '' : '<Deleted>true</Deleted>') +
    element('Snapshot', blob.snapshot) +
    element('VersionId', blob.version) +
    element('IsCurrentVersion', isCurrentVersion(blob) || undefined) +
    element('HasVersionsOnly', blob.hasVersionsOnly) +
    `<Properties>${properties}</Properties>` +
    (metadata ? metadataXml(blob.metadata) : '') +
    (tags && tagCount > 0 ? tagsXml(blob.tags ?? {}) : '') +
    '<OrMetadata /></Blob>'
  )
}

const wholeDays = (ms: number) => Math.max(0, Math.floor(ms / dayMs))

const copyXml = (copy: NonNullable<StoredBlob['copy']>) =>
  element('CopyId', copy.id) +
  element('CopySource', copy.source) +
  element('CopyStatus', copy.status) +
  element('CopyProgress', copy.progress) +
  element('CopyCompletionTime', rfc1123(copy.completedAt))
