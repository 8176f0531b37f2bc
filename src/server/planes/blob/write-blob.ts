import { randomUUID } from 'node:crypto'
import type { Context } from '../../door/operation.ts'
import type { BlobContainer } from '../../store/blob-containers.ts'
import type { StoredBlob } from '../../store/blobs.ts'
import type { Reads, Writes } from '../../store/open.ts'
import type { StorageAccount } from '../../store/storage-accounts.ts'
import { isOnlyToAdd } from './access.ts'
import { checkConditions } from './conditions.ts'
import { keepReplaced } from './keep-replaced.ts'
import { afterWrite, checkWrite } from './lease.ts'
import { accountOf, containerOf, existingBlob, refuseOneOf } from './place.ts'
import { permissionMismatch } from './refusals.ts'
import { refuseArchived, settled } from './rehydration.ts'
import { pieceAt, type Taken } from './take-in.ts'

type Look = Pick<Reads, 'storageAccounts' | 'blobContainers' | 'blobs'>

/** `row` is also there when the blob is deleted, and only kept; `before` is not. */
type Opened = {
  readonly account: StorageAccount
  readonly container: BlobContainer
  readonly before: StoredBlob | undefined
  readonly row: StoredBlob | undefined
}

/**
 * What every write to a blob begins with, inside its transaction: the container, what is there now, whether the request's
 * conditions hold for it, and whether its lease lets the caller. Before a long body is taken in it is asked without one.
 * Throws what says no.
 */
export async function openToWrite(cx: Context<'write'>, tx: Look): Promise<Opened> {
  refuseOneOf(cx.url)
  const account = await accountOf({ store: tx, params: cx.params })
  const container = await containerOf(cx, tx)
  const found = await tx.blobs.get(cx.grant, container, cx.params.blob ?? '')
  const row = found && settled(found, cx.now)
  const before = row?.deletedAt === undefined ? row : undefined
  checkConditions(cx.request.headers, before, 'write')
  // A write to nothing needs no lease, and cannot have one.
  if (before) checkWrite(before.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
  if (before && isOnlyToAdd(cx.grant)) throw permissionMismatch()
  return { account, container, before, row }
}

/** The same for what only changes a blob. Throws 404 where there is none. */
export async function openToChange(
  cx: Context<'write'>,
  tx: Look,
): Promise<Pick<Opened, 'account' | 'container'> & { readonly before: StoredBlob }> {
  refuseOneOf(cx.url)
  const account = await accountOf({ store: tx, params: cx.params })
  const container = await containerOf(cx, tx)
  const before = await existingBlob(cx, tx, container)
  checkConditions(cx.request.headers, before, 'write')
  checkWrite(before.lease, cx.request.headers.get('x-ms-lease-id'), cx.now, 'blob')
  refuseArchived(before)
  return { account, container, before }
}

/** Puts what was made in the place of what was there: its lease stays, its snapshots stay, its uncommitted blocks go. */
export async function replace(
  cx: Context<'write'>,
  tx: Writes,
  { account, container, before, row }: Opened,
  blob: Omit<StoredBlob, 'name' | 'createdAt' | 'changedAt'>,
): Promise<StoredBlob> {
  const lease = afterWrite(before?.lease, cx.now)
  const now = { createdAt: before?.createdAt ?? cx.now, changedAt: cx.now }
  const room = await keepReplaced(cx, tx, { account, container }, row, blob.kind)
  const version = room.version === undefined ? {} : { version: room.version }
  const after: StoredBlob = { ...blob, name: cx.params.blob ?? '', ...now, ...version, ...(lease ? { lease } : {}) }
  await tx.blobs.put(cx.grant, container, after, room.row)
  return after
}

/** What was taken in, as the content of a blob: in its row, or pieces of their own. */
export async function contentOf(
  cx: Context<'write'>,
  tx: Writes,
  taken: Pick<Taken, 'at' | 'length'>,
): Promise<Pick<StoredBlob, 'bytes' | 'content'>> {
  if ('bytes' in taken.at) return { bytes: taken.at.bytes }
  const content = randomUUID()
  await tx.contents.add(cx.grant, content, [pieceAt(0, taken)])
  return { content }
}
