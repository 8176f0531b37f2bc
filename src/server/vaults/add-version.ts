import { randomUUID } from 'node:crypto'
import type { Change, Grant } from '../access/grant.ts'
import type { Writes } from '../store/open.ts'
import type { FoundVersion, ObjectPlace, ObjectVersion } from '../store/vault-objects.ts'
import * as refusals from './refusals.ts'

export const newVersionId = (): string => randomUUID().replaceAll('-', '')

/** Throws 400 for what cannot be a name. */
export function checkName(name: string): string {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) throw refusals.invalidName(name)
  return name
}

export type NewVersion = Pick<ObjectVersion, 'enabled' | 'notBefore' | 'expires' | 'tags' | 'body'> & {
  /** Without one, a new one is made up. The three versions of one certificate have the same. */
  readonly version?: string
  readonly secret?: Uint8Array | string
}

/**
 * Makes a version, and the object when it is the first, inside a transaction. `managed` says that a certificate does it.
 * Throws 409 when the name belongs to a deleted object, or to one that no certificate made, and 403 when to a certificate's.
 */
export async function addVersion(
  tx: Pick<Writes, 'vaultObjects'>,
  grant: Grant<Change>,
  place: ObjectPlace,
  { version = newVersionId(), secret, ...wish }: NewVersion,
  { now, managed = false }: { now: number; managed?: boolean },
): Promise<FoundVersion> {
  const before = await tx.vaultObjects.get(grant, place)
  if (before?.deletedAt !== undefined) throw refusals.isDeletedButRecoverable(place.kind, before.name)
  if (before && before.managed !== managed) {
    if (managed) throw refusals.nameIsTaken(place.kind, before.name)
    throw refusals.isManaged(place.kind, place.kind === 'secrets' ? 'set' : 'create')
  }
  if (!before) await tx.vaultObjects.put(grant, place, { body: {}, managed })
  const previousVersion = before?.currentVersion
  const made: ObjectVersion = {
    ...wish,
    version,
    ...(previousVersion === undefined ? {} : { previousVersion }),
    createdAt: now,
    updatedAt: now,
  }
  await tx.vaultObjects.addVersion(grant, place, secret === undefined ? made : { ...made, secret })
  return {
    object: before ?? { name: place.name, managed, body: {}, createdAt: now, currentVersion: version },
    version: made,
  }
}
