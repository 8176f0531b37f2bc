import type { Kysely } from 'kysely'

/** Since when nothing refers to an extent is kept, so that a server that never runs for long removes some, too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('unreferenced_extents')
    .addColumn('extent', 'text', c => c.primaryKey())
    .addColumn('since', 'bigint', c => c.notNull())
    .execute()
}
