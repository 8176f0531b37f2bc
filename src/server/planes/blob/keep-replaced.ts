import type { Context } from '../../door/operation.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Writes } from '../../store/open.ts'
import { purgeTime } from './account/service-properties.ts'
import { invalidBlobType } from './refusals.ts'
import { timeBehind } from './time-names.ts'
import { type Place, retire, type VersionIds, versionIds } from './versions.ts'

type Room = {
  /** The row that the new blob takes over; undefined when it gets one of its own. */
  readonly row: StoredBlob | undefined
  readonly version: VersionIds['next']
}

/**
 * What is to stay of what a new blob is put in the place of. With versioning on, it becomes a previous version; else,
 * with soft delete on, a deleted snapshot. A deleted blob stays as a deleted snapshot, too. Throws 409.
 */
export async function keepReplaced(
  cx: Context<'write'>,
  tx: Writes,
  place: Place,
  row: StoredBlob | undefined,
  kind: StoredBlob['kind'],
): Promise<Room> {
  const before = row?.deletedAt === undefined ? row : undefined
  const ids = await versionIds(cx, tx, place, before)
  if (ids.next !== undefined) await refuseOtherKind(cx, tx, place, before, kind)
  const room = (left?: StoredBlob): Room => ({ row: left, version: ids.next })
  if (!row) return room()
  if (before && ids.previous !== undefined) {
    await retire(cx, tx, place.container, before, ids.previous)
    return room()
  }
  return room(before ? await keepDeleted(cx, tx, place, before) : await keepStillDeleted(cx, tx, place, row, kind))
}

/** All versions of a blob are of one kind. */
async function refuseOtherKind(
  cx: Context<'write'>,
  tx: Writes,
  { container }: Place,
  before: StoredBlob | undefined,
  kind: StoredBlob['kind'],
): Promise<void> {
  const one = before ?? (await tx.blobs.latestVersion(cx.grant, container, cx.params.blob ?? ''))
  if (one && one.kind !== kind) throw invalidBlobType()
}

async function keepDeleted(
  cx: Context<'write'>,
  tx: Writes,
  place: Place,
  before: StoredBlob,
): Promise<StoredBlob | undefined> {
  const purgeAt = purgeTime(place.account, cx.now)
  // The service keeps nothing that is overwritten in the archive.
  if (purgeAt === undefined || before.tier === 'Archive') return before
  const { lease: _lease, ...rest } = before
  await asSnapshot(cx, tx, place, before, { ...rest, deletedAt: cx.now, purgeAt })
  return undefined
}

async function keepStillDeleted(
  cx: Context<'write'>,
  tx: Writes,
  place: Place,
  row: StoredBlob,
  kind: StoredBlob['kind'],
): Promise<undefined> {
  if (row.kind === kind) return asSnapshot(cx, tx, place, row, row)
  // What was deleted under a name does not outlast a blob of another kind there.
  for (const one of await tx.blobs.deleted(cx.grant, place.container, row.name))
    await tx.blobs.remove(cx.grant, place.container, one)
}

async function asSnapshot(
  cx: Context<'write'>,
  tx: Writes,
  { container }: Place,
  row: StoredBlob,
  blob: StoredBlob,
): Promise<undefined> {
  const snapshot = timeBehind(await tx.blobs.latestTime(cx.grant, container, row.name), cx.now)
  await tx.blobs.restate(cx.grant, container, { ...blob, snapshot }, row)
}
