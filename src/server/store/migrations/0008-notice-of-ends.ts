import { type Kysely, sql } from 'kysely'

/** There is notice of the end of secrets and keys now. When, is found out by the first look at each that has one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`update vault_objects set due_at = 0
    where kind in ('secrets', 'keys') and managed = 0 and exists (
      select 1 from vault_versions v
      where v.vault_key = vault_objects.vault_key and v.kind = vault_objects.kind
        and v.name_key = vault_objects.name_key and v.version = vault_objects.current_version
        and v.expires is not null)`.execute(db)
}
