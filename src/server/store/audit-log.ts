import type { DatabaseSync } from 'node:sqlite'
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

/**
 * Every request appends rows, and to build a query for them would take longer than to run it: one statement serves all.
 * Its values have places and no names, which SQLite would look up for each row in more time than the row takes.
 */
export function auditAppender(db: DatabaseSync): (rows: readonly AuditRow[]) => void {
  const insert = db.prepare(`INSERT INTO audit (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
  return rows => {
    for (const row of rows) insert.run(...columns.map(column => row[column]))
  }
}
