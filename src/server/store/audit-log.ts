import type { Insertable, Kysely } from 'kysely'
import { demand, type Grant } from '../access/grant.ts'
import { covers, scopeKey } from '../access/scope.ts'
import type { AuditTable, Tables } from './tables.ts'

export type AuditRow = Insertable<AuditTable>
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

export async function appendAudit(db: Kysely<Tables>, rows: readonly AuditRow[]): Promise<void> {
  // SQLite takes 32,766 parameters in a statement; a row has fourteen.
  for (let at = 0; at < rows.length; at += 500) {
    await db
      .insertInto('audit')
      .values(rows.slice(at, at + 500))
      .execute()
  }
}

export async function removeAuditBefore(db: Kysely<Tables>, time: number): Promise<void> {
  await db.deleteFrom('audit').where('at', '<', time).execute()
}
