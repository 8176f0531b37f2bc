import type { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import * as first from './migrations/0001-first.ts'
import * as vaults from './migrations/0002-vaults.ts'
import * as storage from './migrations/0003-storage.ts'
import * as dueObjects from './migrations/0004-due-objects.ts'
import * as dataLake from './migrations/0005-data-lake.ts'
import * as tagOrder from './migrations/0006-tag-order.ts'
import * as blobsInRows from './migrations/0007-blobs-in-rows.ts'
import * as noticeOfEnds from './migrations/0008-notice-of-ends.ts'
import * as purgeTimes from './migrations/0009-purge-times.ts'
import * as unreferencedExtents from './migrations/0010-unreferenced-extents.ts'
import * as countedBlobs from './migrations/0011-counted-blobs.ts'
import * as observedCertificates from './migrations/0012-observed-certificates.ts'
import * as blobVersions from './migrations/0013-blob-versions.ts'
import { DatabaseRefused } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** In order; the position is the version. Released ones are never edited, only followed by new ones. */
const migrations: readonly { up(db: Kysely<unknown>): Promise<void> }[] = [
  ...[
    first,
    vaults,
    storage,
    dueObjects,
    dataLake,
    tagOrder,
    blobsInRows,
    noticeOfEnds,
    purgeTimes,
    unreferencedExtents,
    countedBlobs,
    observedCertificates,
    blobVersions,
  ],
]

/**
 * Brings an older database up to date, each step in one transaction with its version number. A database of a newer
 * Lazuli is refused: it may hold what we would not keep.
 */
export async function migrate(raw: DatabaseSync, db: Kysely<Tables>, file: string): Promise<void> {
  const version = Number(raw.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    throw new DatabaseRefused(
      `${file} was written by a newer Lazuli (schema ${version}, this one knows ${migrations.length}). It has been left as it is: start the newer version.`,
    )
  }
  for (const [index, migration] of migrations.slice(version).entries()) {
    raw.exec('BEGIN IMMEDIATE')
    try {
      await migration.up(db as unknown as Kysely<unknown>)
      raw.exec(`PRAGMA user_version = ${version + index + 1}; COMMIT`)
    } catch (cause) {
      // A full disk rolls back by itself; asking twice would hide the first error.
      if (raw.isTransaction) raw.exec('ROLLBACK')
      throw cause
    }
  }
}
