import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Kysely } from 'kysely'
import type { Clock } from '../clock.ts'
import { type ApplicationReads, type ApplicationWrites, applicationReads, applicationWrites } from './applications.ts'
import {
  type AsyncOperationReads,
  type AsyncOperationWrites,
  asyncOperationReads,
  asyncOperationWrites,
} from './async-operations.ts'
import { type AuditReads, type AuditRow, auditAppender, auditReads } from './audit-log.ts'
import { auditPruner } from './audit-pruning.ts'
import {
  type BlobContainerReads,
  type BlobContainerWrites,
  blobContainerReads,
  blobContainerWrites,
} from './blob-containers.ts'
import { type BlobReads, type BlobWrites, blobReads, blobWrites } from './blobs.ts'
import { type ContentReads, type ContentWrites, contentReads, contentWrites } from './contents.ts'
import {
  type DataLakeAccountReads,
  type DataLakeAccountWrites,
  dataLakeAccountReads,
  dataLakeAccountWrites,
} from './data-lake-accounts.ts'
import {
  type DataLakeFileReads,
  type DataLakeFileWrites,
  dataLakeFileReads,
  dataLakeFileWrites,
} from './data-lake-files.ts'
import { writeDurably } from './durable-file.ts'
import { groupCommit } from './group-commit.ts'
import { migrate } from './migrate.ts'
import {
  type ObservedCertificateReads,
  type ObservedCertificateWrites,
  observedCertificateReads,
  observedCertificateWrites,
} from './observed-certificates.ts'
import { type PrincipalReads, type PrincipalWrites, principalReads, principalWrites } from './principals.ts'
import { isRemembered, type Remember, untilNextWrite } from './remember.ts'
import { type ResourceReads, type ResourceWrites, resourceReads, resourceWrites } from './resources.ts'
import { type RoleReads, type RoleWrites, roleReads, roleWrites } from './role-assignments.ts'
import { type Sealing, sealingWith } from './sealing.ts'
import { type SessionReads, type SessionWrites, sessionReads, sessionWrites } from './sessions.ts'
import { type SettingReads, type SettingWrites, settingReads, settingWrites } from './settings.ts'
import {
  type SignInFailureReads,
  type SignInFailureWrites,
  signInFailureReads,
  signInFailureWrites,
} from './sign-in-failures.ts'
import { type SigningKeyReads, type SigningKeyWrites, signingKeyReads, signingKeyWrites } from './signing-keys.ts'
import { DatabaseRefused, databaseFile, kyselyOver, openForReading, openForWriting } from './sqlite.ts'
import {
  type StorageAccountReads,
  type StorageAccountWrites,
  storageAccountReads,
  storageAccountWrites,
} from './storage-accounts.ts'
import type { Tables } from './tables.ts'
import { type VaultObjectReads, type VaultObjectWrites, vaultObjectReads, vaultObjectWrites } from './vault-objects.ts'
import { type VaultReads, type VaultWrites, vaultReads, vaultWrites } from './vaults.ts'

/** Committed state. */
export type Reads = {
  readonly settings: SettingReads
  readonly resources: ResourceReads
  readonly roles: RoleReads
  readonly principals: PrincipalReads
  readonly applications: ApplicationReads
  readonly sessions: SessionReads
  readonly signInFailures: SignInFailureReads
  readonly observedCertificates: ObservedCertificateReads
  readonly signingKeys: SigningKeyReads
  readonly asyncOperations: AsyncOperationReads
  readonly vaults: VaultReads
  readonly vaultObjects: VaultObjectReads
  readonly audit: AuditReads
  readonly storageAccounts: StorageAccountReads
  readonly contents: ContentReads
  readonly dataLakeAccounts: DataLakeAccountReads
  readonly dataLakeFiles: DataLakeFileReads
  readonly blobContainers: BlobContainerReads
  readonly blobs: BlobReads
}

/** What a piece of work in `write` sees and changes. */
export type Writes = {
  readonly settings: SettingWrites
  readonly resources: ResourceWrites
  readonly roles: RoleWrites
  readonly principals: PrincipalWrites
  readonly applications: ApplicationWrites
  readonly sessions: SessionWrites
  readonly signInFailures: SignInFailureWrites
  readonly observedCertificates: ObservedCertificateWrites
  readonly signingKeys: SigningKeyWrites
  readonly asyncOperations: AsyncOperationWrites
  readonly storageAccounts: StorageAccountWrites
  readonly contents: ContentWrites
  readonly vaults: VaultWrites
  readonly vaultObjects: VaultObjectWrites
  readonly dataLakeAccounts: DataLakeAccountWrites
  readonly dataLakeFiles: DataLakeFileWrites
  readonly blobContainers: BlobContainerWrites
  readonly blobs: BlobWrites
}

export type Store = Reads & {
  /** All or nothing, and on disk when the promise resolves. The work may await nothing but the queries it is handed. */
  write<T>(work: (tx: Writes) => Promise<T>): Promise<T>
  /**
   * Rises with every `write`, before its promise resolves, unless it was to blobs alone: what else was read at one
   * revision is true while it lasts.
   */
  readonly revision: number
  /**
   * Notes a row for the audit log. It is written with the next commit, before any of that commit's work, and within
   * a tenth of a second when there is none. Resolves at once, unless the disk has fallen behind.
   */
  appendAudit(row: AuditRow): Promise<void> | undefined
  /** Resolves when everything noted so far is on disk. */
  flush(): Promise<void>
  readonly sealing: Sealing
  close(): Promise<void>
}

/** The disk is full or broken: the request may be repeated later, nothing was changed. */
export class StorageUnavailable extends Error {}

const auditDelayMs = 100
const auditBacklog = 10_000
const pruneAuditEveryMs = 60_000

export async function openStore(parts: {
  directory: string
  masterKeyFile: string
  clock: Clock
  /** Called when rows of the audit log could not be written in the background; they are kept and tried again. */
  onAuditFailure(error: unknown): void
}): Promise<Store> {
  const file = join(parts.directory, databaseFile)
  const isNew = !existsSync(file)
  if (!isNew && !existsSync(parts.masterKeyFile)) {
    throw new DatabaseRefused(
      `${file} is sealed with the master key ${parts.masterKeyFile}, which is missing. Put it back, or say where it is with LAZULI_MASTER_KEY_FILE; nothing has been changed.`,
    )
  }
  if (isNew && !existsSync(parts.masterKeyFile)) {
    // Not made here: a folder that is missing can be a key's own disk that is not mounted.
    const folder = dirname(parts.masterKeyFile)
    if (!existsSync(folder)) throw new Error(`There is no folder ${folder} to keep the master key in. Make it first.`)
    await writeDurably(parts.masterKeyFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  }

  const raw = openForWriting(file)
  /** Counts what changes for the writer: committed or not, and also what is taken back. */
  let changes = 0
  const writer = kyselyOver(raw, table => {
    if (isRemembered(table)) changes += 1
  })
  await migrate(raw, writer, file)
  const sealing = await unsealDataKey(writer, parts.masterKeyFile)
  const reader = kyselyOver(openForReading(file))
  const commits = groupCommit(raw, cause => {
    changes += 1
    return new StorageUnavailable('the database could not be written', { cause })
  })

  const writes = writesOver(
    writer,
    parts.clock,
    sealing,
    untilNextWrite(() => changes),
  )
  const appendAudit = auditAppender(raw)
  let auditRows: AuditRow[] = []
  let auditTimer: NodeJS.Timeout | undefined
  let revision = 0
  let closing = false

  // A batch of its own kind: work that throws takes back only itself, not the rows noted before it.
  const flushAudit = async () => {
    clearTimeout(auditTimer)
    auditTimer = undefined
    const rows = auditRows
    auditRows = []
    if (rows.length === 0) return
    try {
      await commits.run(async () => appendAudit(rows))
    } catch (error) {
      auditRows = [...rows, ...auditRows]
      throw error
    }
  }

  const noteAudit = (row: AuditRow) => {
    auditRows.push(row)
    auditTimer ??= setTimeout(() => {
      flushAudit().catch(parts.onAuditFailure)
    }, auditDelayMs)
  }

  const prune = auditPruner(raw)
  const pruneAudit = async () => {
    while (await commits.run(async () => prune())) if (closing) return
  }
  const pruneTimer = setInterval(() => void pruneAudit().catch(parts.onAuditFailure), pruneAuditEveryMs).unref()

  return {
    ...readsOver(
      reader,
      parts.clock,
      sealing,
      untilNextWrite(() => revision),
    ),
    sealing,
    get revision() {
      return revision
    },
    async write(work) {
      // Asked for first, so written first, and in the same commit.
      flushAudit().catch(parts.onAuditFailure)
      let isForgotten = true
      try {
        return await commits.run(async () => {
          const before = changes
          try {
            const result = await work(writes)
            isForgotten = changes !== before
            return result
          } catch (error) {
            changes += 1
            throw error
          }
        })
      } finally {
        if (isForgotten) revision += 1
      }
    },
    async flush() {
      await flushAudit()
      await commits.settled()
    },
    appendAudit(row) {
      // What cannot be written is kept, but not without end: then the row is refused, and with it what it is about.
      if (auditRows.length >= auditBacklog) return flushAudit().then(() => noteAudit(row))
      noteAudit(row)
      return undefined
    },
    async close() {
      closing = true
      clearInterval(pruneTimer)
      await flushAudit()
      await commits.settled()
      await reader.destroy()
      raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      await writer.destroy()
    },
  }
}

const readsOver = (db: Kysely<Tables>, clock: Clock, sealing: Sealing, remember: Remember): Reads => ({
  settings: settingReads(db),
  resources: resourceReads(db),
  roles: roleReads(db, remember),
  principals: principalReads(db, remember),
  applications: applicationReads(db, remember),
  sessions: sessionReads(db),
  signInFailures: signInFailureReads(db, remember),
  observedCertificates: observedCertificateReads(db),
  signingKeys: signingKeyReads(db, sealing),
  asyncOperations: asyncOperationReads(db, sealing),
  vaults: vaultReads(db, clock, remember),
  vaultObjects: vaultObjectReads(db, clock, sealing, remember),
  audit: auditReads(db),
  storageAccounts: storageAccountReads(db, sealing, remember),
  contents: contentReads(db),
  dataLakeAccounts: dataLakeAccountReads(db, remember),
  dataLakeFiles: dataLakeFileReads(db),
  blobContainers: blobContainerReads(db, remember),
  blobs: blobReads(db),
})

const writesOver = (db: Kysely<Tables>, clock: Clock, sealing: Sealing, remember: Remember): Writes => ({
  settings: settingWrites(db),
  resources: resourceWrites(db, clock),
  roles: roleWrites(db),
  principals: principalWrites(db, clock),
  applications: applicationWrites(db, clock),
  sessions: sessionWrites(db),
  signInFailures: signInFailureWrites(db),
  observedCertificates: observedCertificateWrites(db),
  signingKeys: signingKeyWrites(db, sealing),
  asyncOperations: asyncOperationWrites(db, sealing),
  storageAccounts: storageAccountWrites(db, sealing, remember),
  contents: contentWrites(db),
  vaults: vaultWrites(db, clock, sealing),
  vaultObjects: vaultObjectWrites(db, clock, sealing),
  dataLakeAccounts: dataLakeAccountWrites(db),
  dataLakeFiles: dataLakeFileWrites(db),
  blobContainers: blobContainerWrites(db, remember),
  blobs: blobWrites(db),
})

/** The data key lies in the database, sealed under the master key, so that the master key can be exchanged alone. */
async function unsealDataKey(db: Kysely<Tables>, masterKeyFile: string): Promise<Sealing> {
  const masterKey = Buffer.from(readFileSync(masterKeyFile, 'utf8').trim(), 'base64')
  if (masterKey.length !== 32) {
    throw new DatabaseRefused(
      `${masterKeyFile} is no master key: that is 32 bytes in base64. Restore it from a backup.`,
    )
  }
  const master = sealingWith(masterKey)
  const context = 'data key'
  const known = await db.selectFrom('settings').select('value').where('name', '=', context).executeTakeFirst()
  if (known) {
    try {
      return sealingWith(master.open(context, Buffer.from(known.value, 'base64')))
    } catch (cause) {
      throw new DatabaseRefused(`the master key ${masterKeyFile} is not the one this database was sealed with`, {
        cause,
      })
    }
  }
  const key = randomBytes(32)
  const value = Buffer.from(master.seal(context, key)).toString('base64')
  await db.insertInto('settings').values({ name: context, value }).execute()
  return sealingWith(key)
}
