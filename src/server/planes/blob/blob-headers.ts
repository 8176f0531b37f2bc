import type { BlobState, StoredBlob } from '../../store/blobs.ts'
import { rfc1123, validators } from './answer.ts'
import { leaseHeaders } from './lease.ts'
import { metadataHeaders } from './metadata.ts'
import * as refusals from './refusals.ts'
import { archiveStatus } from './rehydration.ts'

/** The content headers of a write; `x-ms-blob-…` win over the plain ones, which describe the request's own body. */
export function contentHeaders(headers: Headers, { plainToo }: { plainToo: boolean }): BlobState['headers'] {
  const get = (own: string, plain: string) => headers.get(own) ?? (plainToo ? headers.get(plain) : null)
  const given = {
    type: get('x-ms-blob-content-type', 'content-type'),
    encoding: get('x-ms-blob-content-encoding', 'content-encoding'),
    language: get('x-ms-blob-content-language', 'content-language'),
    disposition: headers.get('x-ms-blob-content-disposition'),
    cacheControl: get('x-ms-blob-cache-control', 'cache-control'),
    md5: headers.get('x-ms-blob-content-md5'),
  }
  if (given.md5 !== null && given.md5 !== '' && Buffer.from(given.md5, 'base64').length !== 16)
    throw refusals.invalidMd5()
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== ''))
}

export const defaultType = 'application/octet-stream'

const tiers = ['Hot', 'Cool', 'Cold', 'Archive']
const pageTiers = ['P4', 'P6', 'P10', 'P15', 'P20', 'P30', 'P40', 'P50', 'P60', 'P70', 'P80']

/** Throws 400 for one that is none. */
export function tierFrom(headers: Headers, kind: StoredBlob['kind']): string | undefined {
  const given = headers.get('x-ms-access-tier')
  if (given === null) return undefined
  const known = (kind === 'PageBlob' ? pageTiers : kind === 'BlockBlob' ? tiers : []).find(
    tier => tier.toLowerCase() === given.toLowerCase(),
  )
  if (known === undefined) throw refusals.invalidHeader('x-ms-access-tier', given)
  return known
}

const unsupported = [
  ...['x-ms-encryption-key', 'x-ms-encryption-scope'],
  ...['x-ms-immutability-policy-until-date', 'x-ms-immutability-policy-mode', 'x-ms-legal-hold'],
]

/**
 * What protects a blob is there or is refused: to ignore a key of the customer's own would leave readable what is not to
 * be, and to ignore a policy would let go what is to be kept. Throws 400.
 */
export function refuseUnsupported(headers: Headers): void {
  for (const name of unsupported) {
    const value = headers.get(name)
    if (value !== null && value.toLowerCase() !== 'false') throw refusals.unsupportedHeader(name)
  }
}

/** Those of a blob that a client may send as `content-…`. */
export const propertyHeaders = ({ headers }: BlobState) => ({
  'content-type': headers.type ?? defaultType,
  'content-encoding': headers.encoding,
  'content-language': headers.language,
  'content-disposition': headers.disposition,
  'cache-control': headers.cacheControl,
})

export const canBeLeased = ({ snapshot, isPrevious }: StoredBlob) => snapshot === undefined && !isPrevious
export const isCurrentVersion = (blob: StoredBlob) => blob.version !== undefined && !blob.isPrevious

/** All that GET and HEAD tell, except for what depends on the range. */
export function describe(blob: StoredBlob, now: number, defaultTier: string) {
  const { copy } = blob
  return {
    ...validators(blob),
    ...propertyHeaders(blob),
    'accept-ranges': 'bytes',
    'x-ms-blob-type': blob.kind,
    'x-ms-version-id': blob.version,
    'x-ms-is-current-version': isCurrentVersion(blob) ? 'true' : undefined,
    ...(canBeLeased(blob) ? leaseHeaders(blob.lease, now) : {}),
    'x-ms-server-encrypted': 'true',
    'x-ms-creation-time': rfc1123(blob.createdAt),
    ...metadataHeaders(blob.metadata),
    'x-ms-tag-count': blob.tags && Object.keys(blob.tags).length > 0 ? Object.keys(blob.tags).length : undefined,
    ...tierHeaders(blob, defaultTier),
    ...(copy
      ? {
          'x-ms-copy-id': copy.id,
          'x-ms-copy-status': copy.status,
          'x-ms-copy-source': copy.source,
          'x-ms-copy-progress': copy.progress,
          'x-ms-copy-completion-time': rfc1123(copy.completedAt),
        }
      : {}),
    'x-ms-blob-sequence-number': blob.kind === 'PageBlob' ? (blob.sequenceNumber ?? 0) : undefined,
    'x-ms-blob-committed-block-count': blob.kind === 'AppendBlob' ? (blob.appends ?? 0) : undefined,
    'x-ms-blob-sealed': blob.sealed ? 'true' : undefined,
  }
}

const tierHeaders = (blob: StoredBlob, defaultTier: string) => {
  const { kind, tier, tierChangedAt } = blob
  return kind === 'AppendBlob' || (kind === 'PageBlob' && tier === undefined)
    ? {}
    : {
        'x-ms-access-tier': tier ?? defaultTier,
        'x-ms-archive-status': archiveStatus(blob)?.status,
        'x-ms-rehydrate-priority': archiveStatus(blob)?.priority,
        'x-ms-access-tier-inferred': tier === undefined ? 'true' : undefined,
        'x-ms-access-tier-change-time': tierChangedAt === undefined ? undefined : rfc1123(tierChangedAt),
      }
}
