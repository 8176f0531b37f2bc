import { randomUUID } from 'node:crypto'
import type { Context } from '../../door/operation.ts'
import type { BlobContainer } from '../../store/blob-containers.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { servicePropertiesOf } from './account/service-properties.ts'
import { timeBehind } from './time-names.ts'

/**
 * Versions, as the service keeps them: what is written is the current version, and what was there before becomes a
 * previous one, under the id that it had. A current version is not lost either when versioning has been switched off;
 * only what comes then has no id. What was written before versioning gets the time of its last change.
 */

export type Place = { readonly account: StorageAccount; readonly container: BlobContainer }

export type VersionIds = {
  /** For what is written now; undefined while versioning is off. */
  readonly next: string | undefined
  /** For what was there, if that is to stay. */
  readonly previous: string | undefined
}

export async function versionIds(
  cx: Context<'write' | 'delete'>,
  tx: Writes,
  { account, container }: Place,
  before: StoredBlob | undefined,
): Promise<VersionIds> {
  const isOn = servicePropertiesOf(account).versioning === true
  if (!isOn) return { next: undefined, previous: before?.version }
  const latest = await tx.blobs.latestTime(cx.grant, container, cx.params.blob ?? '')
  const previous = before && (before.version ?? timeBehind(latest, before.changedAt))
  return { next: timeBehind(later(latest, previous), cx.now), previous }
}

const later = (a: string | undefined, b: string | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a)

/** The current version becomes a previous one: its row does, so that the blob has none any more. */
export async function retire(
  cx: Context<'write' | 'delete'>,
  tx: Writes,
  container: BlobContainer,
  blob: StoredBlob,
  version: string,
): Promise<void> {
  const { lease: _lease, ...rest } = blob
  await tx.blobs.restate(cx.grant, container, { ...rest, version, isPrevious: true }, blob)
}

/**
 * A copy of a blob, for good, under the name of a snapshot or of a version, while the blob stays where it is. The bytes
 * are shared: contents are not changed but replaced, and what an append blob has more later lies behind the length of
 * the copy. Only pages are overwritten, so their list of pieces is copied.
 */
export async function keepCopy(
  cx: Context<'write'>,
  tx: Writes,
  container: BlobContainer,
  blob: StoredBlob,
  as: Pick<StoredBlob, 'snapshot'> | { readonly version: string; readonly isPrevious: true },
): Promise<StoredBlob> {
  const { number: _number, lease: _lease, version: _version, ...rest } = blob
  let { content } = blob
  if (blob.kind === 'PageBlob' && content !== undefined) {
    const pages = randomUUID()
    await tx.contents.copy(cx.grant, content, pages)
    content = pages
  }
  const copy: StoredBlob = { ...rest, content, ...as }
  await tx.blobs.put(cx.grant, container, copy, undefined)
  return copy
}
