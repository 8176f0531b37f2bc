import { type Kysely, sql } from 'kysely'

/** With the name of the blob beside each tag, the index alone has what is found by tags in the order of its pages. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('blob_tags')
    .addColumn('blob_name', 'text', c => c.notNull().defaultTo(''))
    .execute()
  await sql`update blob_tags set blob_name = (select blobs.name from blobs where blobs.number = blob_tags.blob)`.execute(
    db,
  )
  await db.schema.dropIndex('blob_tags_by_value').execute()
  await db.schema
    .createIndex('blob_tags_by_value')
    .on('blob_tags')
    .columns(['container', 'name', 'value', 'blob_name'])
    .execute()
}
