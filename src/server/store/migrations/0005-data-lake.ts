import type { Kysely } from 'kysely'

/** Data Lake Store accounts and the trees of folders and files in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('data_lake_accounts')
    .addColumn('number', 'integer', c => c.primaryKey().autoIncrement())
    .addColumn('name', 'text', c => c.notNull().unique())
    .addColumn('id', 'text', c => c.notNull())
    .addColumn('id_key', 'text', c => c.notNull().unique())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .execute()

  await db.schema
    .createTable('data_lake_files')
    .addColumn('number', 'integer', c => c.primaryKey().autoIncrement())
    .addColumn('account', 'integer', c => c.notNull())
    // Its folder: the name of a folder is in one row, however much is in it. 0 for the root of an account.
    .addColumn('parent', 'integer', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('length', 'bigint', c => c.notNull())
    // Which pieces a file consists of; null for a folder.
    .addColumn('content', 'text')
    .addColumn('acl', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('changed_at', 'bigint', c => c.notNull())
    .addColumn('read_at', 'bigint', c => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('lease', 'text')
    .addColumn('leased_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('data_lake_files_by_name')
    .on('data_lake_files')
    .columns(['account', 'parent', 'name'])
    .unique()
    .execute()
  await db.schema.createIndex('data_lake_files_by_expiry').on('data_lake_files').column('expires_at').execute()
}
