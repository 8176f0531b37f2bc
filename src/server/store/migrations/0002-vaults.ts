import type { Kysely } from 'kysely'

/**
 * Vaults and what they hold. A vault's row outlives its resource for as long as the vault can be recovered; secrets,
 * keys and certificates are rows of the same two tables.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('vaults')
    .addColumn('name_key', 'text', c => c.primaryKey())
    .addColumn('id_key', 'text', c => c.notNull().unique())
    .addColumn('id', 'text', c => c.notNull())
    .addColumn('subscription_key', 'text', c => c.notNull())
    .addColumn('sealed_key', 'blob', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('deleted_at', 'bigint')
    .addColumn('purge_at', 'bigint')
    .addColumn('json', 'text')
    .execute()
  await db.schema.createIndex('vaults_by_purge').on('vaults').column('purge_at').execute()

  await db.schema
    .createTable('vault_objects')
    .addColumn('vault_key', 'text', c => c.notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('name_key', 'text', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('current_version', 'text')
    .addColumn('managed', 'integer', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('sealed', 'blob')
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('deleted_at', 'bigint')
    .addColumn('purge_at', 'bigint')
    .addPrimaryKeyConstraint('vault_objects_key', ['vault_key', 'kind', 'name_key'])
    .execute()
  await db.schema.createIndex('vault_objects_by_purge').on('vault_objects').column('purge_at').execute()

  await db.schema
    .createTable('vault_versions')
    .addColumn('vault_key', 'text', c => c.notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('name_key', 'text', c => c.notNull())
    .addColumn('version', 'text', c => c.notNull())
    .addColumn('previous_version', 'text')
    .addColumn('enabled', 'integer', c => c.notNull())
    .addColumn('not_before', 'bigint')
    .addColumn('expires', 'bigint')
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('sealed', 'blob')
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('updated_at', 'bigint', c => c.notNull())
    .addPrimaryKeyConstraint('vault_versions_key', ['vault_key', 'kind', 'name_key', 'version'])
    .execute()
}
