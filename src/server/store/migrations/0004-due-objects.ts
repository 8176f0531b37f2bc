import type { Kysely } from 'kysely'

/** Keys are rotated and certificates renewed by themselves: when, stands in the object's row. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('vault_objects').addColumn('due_at', 'bigint').execute()
  await db.schema.createIndex('vault_objects_by_due').on('vault_objects').column('due_at').execute()
}
