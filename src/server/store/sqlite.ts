import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
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
  if (!existsSync(file)) createWhole(file)
  // SQLite takes an empty file for a new database; but a file system that has lost what was in it leaves just that.
  else if (statSync(file).size === 0) throw damaged(file, 'it is empty')
  try {
    const db = new DatabaseSync(file)
    refuseDamaged(db, file)
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

/** Makes a database without tables that has its header from the first moment on: no crash leaves an empty file. */
function createWhole(file: string): void {
  // Of a database that was moved away alone. SQLite would take it for this one's latest changes.
  if (existsSync(`${file}-wal`)) {
    throw new DatabaseRefused(
      `${file} is missing, but ${file}-wal, which holds its latest changes, is there. Put the database back, or move that file away, too, to start anew.`,
    )
  }
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(draft, 'wx', 0o600))
  const db = new DatabaseSync(draft)
  // Without tables, only a change of the header makes SQLite write any.
  db.exec('PRAGMA synchronous = FULL; PRAGMA user_version = 1; PRAGMA user_version = 0')
  db.close()
  renameSync(draft, file)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
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

/**
 * Kysely speaks to better-sqlite3's shape; node:sqlite differs by where parameters go and by how a query is told from a
 * command. `onChange` hears of each statement that may change something, and in which table where that can be told.
 */
export function kyselyOver(db: DatabaseSync, onChange?: (table: string | undefined) => void): Kysely<Tables> {
  const prepared = new Map<
    string,
    { reader: boolean; statement: StatementSync; change: { table?: string } | undefined }
  >()
  const prepare = (sql: string) => {
    let known = prepared.get(sql)
    if (!known) {
      const statement = db.prepare(sql)
      known = { statement, reader: statement.columns().length > 0, change: changeIn(sql) }
      // Our own queries are a few hundred; lists of varying length (`in (?, ?, …)`) must not pile up.
      if (prepared.size >= 500) prepared.clear()
      prepared.set(sql, known)
    }
    const { statement, reader, change } = known
    if (change) onChange?.(change.table)
    return {
      reader,
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
      iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
    }
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: { prepare, close: () => db.close() } }) })
}

function changeIn(sql: string): { table?: string } | undefined {
  if (/^select\b/i.test(sql)) return undefined
  const table = /^(?:insert into|update|delete from) "(\w+)"/i.exec(sql)?.[1]
  return table === undefined ? {} : { table }
}
