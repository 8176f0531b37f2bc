import { type Kysely, sql } from 'kysely'

/** Storage accounts, their containers and blobs; and contents, which other things that hold bytes have as well. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('storage_accounts')
    .addColumn('number', 'integer', c => c.primaryKey().autoIncrement())
    .addColumn('name', 'text', c => c.notNull().unique())
    .addColumn('id', 'text', c => c.notNull())
    .addColumn('id_key', 'text', c => c.notNull().unique())
    .addColumn('sealed_keys', 'blob', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .execute()

  await db.schema
    .createTable('blob_containers')
    .addColumn('number', 'integer', c => c.primaryKey().autoIncrement())
    // Null once it is deleted: what is in it goes in the background, and its name is free at once.
    .addColumn('account', 'integer')
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('etag', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('changed_at', 'bigint', c => c.notNull())
    .execute()
  await db.schema
    .createIndex('blob_containers_by_name')
    .on('blob_containers')
    .columns(['account', 'name'])
    .unique()
    .execute()

  await db.schema
    .createTable('blobs')
    .addColumn('number', 'integer', c => c.primaryKey().autoIncrement())
    .addColumn('container', 'integer', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    // A time; '~' sorts the blob itself behind its snapshots, as lists show them.
    .addColumn('snapshot', 'text', c => c.notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('etag', 'text', c => c.notNull())
    .addColumn('length', 'bigint', c => c.notNull())
    .addColumn('content', 'text')
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('changed_at', 'bigint', c => c.notNull())
    .addColumn('deleted_at', 'bigint')
    .addColumn('json', 'text', c => c.notNull())
    // Last, so that a list can pass it over.
    .addColumn('bytes', 'blob')
    .execute()
  await db.schema.createIndex('blobs_by_name').on('blobs').columns(['container', 'name', 'snapshot']).unique().execute()
  await db.schema.createIndex('blobs_by_content').on('blobs').column('content').execute()
  await db.schema
    .createIndex('blobs_by_deletion')
    .on('blobs')
    .column('deleted_at')
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  await db.schema.createIndex('blobs_by_size').on('blobs').columns(['container', 'length']).execute()

  await db.schema
    .createTable('blob_blocks')
    .addColumn('container', 'integer', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('block', 'text', c => c.notNull())
    .addColumn('length', 'bigint', c => c.notNull())
    .addColumn('extent', 'text')
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('bytes', 'blob')
    .addPrimaryKeyConstraint('blob_blocks_key', ['container', 'name', 'block'])
    .execute()
  await db.schema.createIndex('blob_blocks_by_extent').on('blob_blocks').column('extent').execute()

  await db.schema
    .createTable('blob_tags')
    .addColumn('blob', 'integer', c => c.notNull().references('blobs.number').onDelete('cascade'))
    .addColumn('container', 'integer', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('value', 'text', c => c.notNull())
    .addPrimaryKeyConstraint('blob_tags_key', ['blob', 'name'])
    .execute()
  await db.schema.createIndex('blob_tags_by_value').on('blob_tags').columns(['container', 'name', 'value']).execute()

  await db.schema
    .createTable('content_pieces')
    .addColumn('content', 'text', c => c.notNull())
    .addColumn('at', 'bigint', c => c.notNull())
    .addColumn('length', 'bigint', c => c.notNull())
    .addColumn('block', 'text')
    .addColumn('extent', 'text')
    .addColumn('extent_at', 'bigint', c => c.notNull())
    .addColumn('bytes', 'blob')
    .addPrimaryKeyConstraint('content_pieces_key', ['content', 'at'])
    .execute()
  await db.schema.createIndex('content_pieces_by_extent').on('content_pieces').column('extent').execute()
}
