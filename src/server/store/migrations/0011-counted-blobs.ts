import { type Kysely, sql } from 'kysely'

/** How much is in a container is counted as it changes: to count a million blobs anew holds up everybody else. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('blob_container_sizes')
    .addColumn('container', 'integer', c => c.primaryKey())
    .addColumn('blobs', 'bigint', c => c.notNull())
    .addColumn('bytes', 'bigint', c => c.notNull())
    .execute()
  await sql`insert into blob_container_sizes (container, blobs, bytes)
    select container, count(*), sum(length) from blobs group by container`.execute(db)
  await db.schema.dropIndex('blobs_by_size').execute()

  await sql`create trigger blobs_count_made after insert on blobs begin
    insert into blob_container_sizes (container, blobs, bytes) values (new.container, 1, new.length)
      on conflict (container) do update set blobs = blobs + 1, bytes = bytes + new.length;
  end`.execute(db)
  await sql`create trigger blobs_count_gone after delete on blobs begin
    update blob_container_sizes set blobs = blobs - 1, bytes = bytes - old.length where container = old.container;
  end`.execute(db)
  await sql`create trigger blobs_count_changed after update of length on blobs when old.length <> new.length begin
    update blob_container_sizes set bytes = bytes + new.length - old.length where container = new.container;
  end`.execute(db)
  await sql`create trigger blobs_count_over after delete on blob_containers begin
    delete from blob_container_sizes where container = old.number;
  end`.execute(db)

  // Blocks that nobody commits are looked for every few minutes, by the time at which they came.
  await db.schema.createIndex('blob_blocks_by_age').on('blob_blocks').column('created_at').execute()
}
