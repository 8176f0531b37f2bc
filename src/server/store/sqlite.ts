import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { Tables } from './tables.ts'

/** Its name in the data directory. */
export const databaseFile = 'lazuli.sqlite'

/** The database file is damaged, or was written by a newer Lazuli. It has not been touched. */
export class DatabaseRefused extends Error {}

/**
 * SQLite would keep what a statement needs for a moment (a sort, a savepoint's journal) in a file outside the data
 * directory, unsealed, and a crash at the wrong time would leave it there.
 */
const nothingOutside = 'PRAGMA temp_store = MEMORY'

/** Opens for writing, in WAL mode, with a sync to disk before every commit is reported. */
export function openForWriting(file: string): DatabaseSync {
  const isNew = !existsSync(file)
  // SQLite gives its other files the mode of this one.
  if (isNew) closeSync(openSync(file, 'wx', 0o600))
  try {
    const db = new DatabaseSync(file)
    if (!isNew) refuseDamaged(db, file)
    db.exec(
      `${nothingOutside}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000`,
    )
    return db
  } catch (cause) {
    if (cause instanceof DatabaseRefused) throw cause
    if (cause instanceof Error && /not a database|malformed|corrupt|encrypted/.test(cause.message)) {
      throw damaged(file, cause.message, cause)
    }
    throw cause
  }
}

export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec(`${nothingOutside}; PRAGMA query_only = ON; PRAGMA busy_timeout = 5000`)
  return db
}

function refuseDamaged(db: DatabaseSync, file: string): void {
  const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (verdict === 'ok') return
  db.close()
  throw damaged(file, String(verdict))
}

const damaged = (file: string, detail: string, cause?: unknown) =>
  new DatabaseRefused(
    `${file} is damaged (${detail}). It has been left as it is: restore it from a backup, or move it away to start anew.`,
    { cause },
  )

/** Kysely speaks to better-sqlite3's shape; node:sqlite differs by where parameters go and by how a query is told from a command. */
export function kyselyOver(db: DatabaseSync): Kysely<Tables> {
  const prepared = new Map<string, { reader: boolean; statement: StatementSync }>()
  const prepare = (sql: string) => {
    let known = prepared.get(sql)
    if (!known) {
      const statement = db.prepare(sql)
      known = { statement, reader: statement.columns().length > 0 }
      // Our own queries are a few hundred; lists of varying length (`in (?, ?, …)`) must not pile up.
      if (prepared.size >= 500) prepared.clear()
      prepared.set(sql, known)
    }
    const { statement, reader } = known
    return {
      reader,
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
      iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
    }
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: { prepare, close: () => db.close() } }) })
}
