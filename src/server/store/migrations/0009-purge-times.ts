import { type Kysely, sql } from 'kysely'

/**
 * How long something deleted is kept is settled when it is deleted, and not by what the account says later. The column
 * stands behind the bytes: lists, which must not read through those, have the time in the row's json.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('blobs').addColumn('purge_at', 'bigint').execute()
  await sql`
    update blobs set purge_at = deleted_at + 86400000 * coalesce((
      select json_extract(storage_accounts.json, '$.service.deleteRetention')
      from blob_containers join storage_accounts on storage_accounts.number = blob_containers.account
      where blob_containers.number = blobs.container
    ), 0) where deleted_at is not null`.execute(db)
  await sql`update blobs set json = json_set(json, '$.purgeAt', purge_at) where purge_at is not null`.execute(db)
  await db.schema.dropIndex('blobs_by_deletion').execute()
  await db.schema
    .createIndex('blobs_by_purge')
    .on('blobs')
    .column('purge_at')
    .where(sql.ref('purge_at'), 'is not', null)
    .execute()
}
