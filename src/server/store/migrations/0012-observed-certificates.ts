import type { Kysely } from 'kysely'

/** What machines keep from vaults is known also of those that are off, and before they have said it anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('observed_certificates')
    .addColumn('machine', 'text', c => c.primaryKey())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('said_at', 'bigint', c => c.notNull())
    .execute()
}
