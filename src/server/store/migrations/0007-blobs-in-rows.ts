import { type Kysely, sql } from 'kysely'

/** Most blobs are small, lie in their rows, and refer to no content: an index of those without one is only written. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('blobs_by_content').execute()
  await db.schema
    .createIndex('blobs_by_content')
    .on('blobs')
    .column('content')
    .where(sql.ref('content'), 'is not', null)
    .execute()
}
