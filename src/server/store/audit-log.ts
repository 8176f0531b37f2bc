import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Insertable, Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import { covers, scopeKey } from '../access/scope.ts'
import type { AuditTable, Tables } from './tables.ts'

export type AuditRow = Omit<Insertable<AuditTable>, 'sequence'>
export type AuditEntry = Readonly<Required<AuditRow>> & { sequence: number }

export type AuditReads = {
  /** Newest first. `changesOnly` leaves out what only read, as Azure's activity log does. */
  list(grant: Grant, filter: AuditFilter): Promise<AuditEntry[]>
}

export type AuditFilter = {
  below: string
  changesOnly: boolean
  from: number
  to: number
  correlationId?: string
  caller?: string
  beforeSequence?: number
  limit: number
}

export function auditReads(db: Kysely<Tables>): AuditReads {
  return {
    async list(grant, filter) {
      demand(grant, filter.below)
      const below = scopeKey(filter.below)
      let query = db
        .selectFrom('audit')
        .selectAll()
        .where('at', '>=', filter.from)
        .where('at', '<=', filter.to)
        .orderBy('sequence', 'desc')
        .limit(filter.limit)
      if (filter.changesOnly) query = query.where('changes', '=', 1)
      if (filter.correlationId !== undefined) query = query.where('correlation_id', '=', filter.correlationId)
      if (filter.caller !== undefined) query = query.where('caller', '=', filter.caller)
      if (filter.beforeSequence !== undefined) query = query.where('sequence', '<', filter.beforeSequence)
      if (below !== '/') {
        query = query.where(eb =>
          eb.or([
            eb('scope_key', '=', below),
            eb.and([eb('scope_key', '>=', `${below}/`), eb('scope_key', '<', `${below}0`)]),
          ]),
        )
      }
      const rows = await query.execute()
      return rows.filter(row => covers(below, row.scope_key)) as AuditEntry[]
    },
  }
}

const columns = [
  ...(['at', 'request_id', 'correlation_id', 'plane', 'operation', 'scope_key', 'caller', 'caller_name'] as const),
  ...(['source_address', 'outcome', 'status', 'changes', 'detail'] as const),
] satisfies (keyof AuditRow)[]

/** As many rows as one statement takes: each statement that is run takes as long as the row. */
const rowsAtOnce = 16

/**
 * Every request appends rows, and to build a query for them would take longer than to run it: two statements serve all.
 * Their values have places and no names, which SQLite would look up for each row in more time than the row takes.
 */
export function auditAppender(db: DatabaseSync): (rows: readonly AuditRow[]) => void {
  const places = `(${columns.map(() => '?').join(', ')})`
  const insert = (rows: number) =>
    db.prepare(`INSERT INTO audit (${columns.join(', ')}) VALUES ${Array(rows).fill(places).join(', ')}`)
  const [one, many] = [insert(1), insert(rowsAtOnce)]
  return rows => {
    let at = 0
    for (; at + rowsAtOnce <= rows.length; at += rowsAtOnce) many.run(...valuesOf(rows.slice(at, at + rowsAtOnce)))
    for (; at < rows.length; at++) one.run(...valuesOf(rows.slice(at, at + 1)))
  }
}

/** In the order of the columns. */
function valuesOf(rows: readonly AuditRow[]): SQLInputValue[] {
  const values: SQLInputValue[] = []
  for (const row of rows) for (const column of columns) values.push(row[column])
  return values
}
