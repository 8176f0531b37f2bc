import type { Kysely } from 'kysely'

/** Forward only; a released migration is never edited. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('settings')
    .addColumn('name', 'text', c => c.primaryKey())
    .addColumn('value', 'text', c => c.notNull())
    .execute()

  await db.schema
    .createTable('resources')
    .addColumn('id_key', 'text', c => c.primaryKey())
    .addColumn('id', 'text', c => c.notNull())
    .addColumn('type_key', 'text', c => c.notNull())
    .addColumn('container_key', 'text', c => c.notNull())
    .addColumn('subscription_key', 'text', c => c.notNull())
    .addColumn('group_key', 'text', c => c.notNull())
    .addColumn('name', 'text', c => c.notNull())
    .addColumn('etag', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('changed_at', 'bigint', c => c.notNull())
    .execute()
  await db.schema
    .createIndex('resources_by_container')
    .on('resources')
    .columns(['container_key', 'type_key', 'id_key'])
    .execute()
  await db.schema
    .createIndex('resources_by_type')
    .on('resources')
    .columns(['subscription_key', 'type_key', 'id_key'])
    .execute()
  await db.schema
    .createIndex('resources_by_group')
    .on('resources')
    .columns(['subscription_key', 'group_key', 'id_key'])
    .execute()

  await db.schema
    .createTable('role_assignments')
    .addColumn('name', 'text', c => c.primaryKey())
    .addColumn('id_key', 'text', c => c.notNull().unique())
    .addColumn('scope', 'text', c => c.notNull())
    .addColumn('scope_key', 'text', c => c.notNull())
    .addColumn('principal_id', 'text', c => c.notNull())
    .addColumn('role_definition_id', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .execute()
  await db.schema.createIndex('role_assignments_by_principal').on('role_assignments').column('principal_id').execute()
  await db.schema.createIndex('role_assignments_by_scope').on('role_assignments').column('scope_key').execute()
  await db.schema
    .createIndex('role_assignments_once')
    .on('role_assignments')
    .columns(['scope_key', 'principal_id', 'role_definition_id'])
    .unique()
    .execute()

  await db.schema
    .createTable('role_definitions')
    .addColumn('name', 'text', c => c.primaryKey())
    .addColumn('json', 'text', c => c.notNull())
    .execute()

  await db.schema
    .createTable('principals')
    .addColumn('object_id', 'text', c => c.primaryKey())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('client_id', 'text', c => c.unique())
    .addColumn('user_principal_name_key', 'text', c => c.unique())
    .addColumn('display_name', 'text', c => c.notNull())
    .addColumn('resource_key', 'text', c => c.unique())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .execute()

  await db.schema
    .createTable('applications')
    .addColumn('object_id', 'text', c => c.primaryKey())
    .addColumn('client_id', 'text', c => c.notNull().unique())
    .addColumn('display_name', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .execute()

  await db.schema
    .createTable('credentials')
    .addColumn('id', 'text', c => c.primaryKey())
    .addColumn('object_id', 'text', c => c.notNull())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('verifier', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('expires_at', 'bigint')
    .execute()
  await db.schema.createIndex('credentials_by_principal').on('credentials').columns(['object_id', 'kind']).execute()

  await db.schema
    .createTable('sign_in_failures')
    .addColumn('subject', 'text', c => c.primaryKey())
    .addColumn('failures', 'integer', c => c.notNull())
    .addColumn('blocked_until', 'bigint', c => c.notNull())
    .execute()

  await db.schema
    .createTable('sessions')
    .addColumn('id_hash', 'text', c => c.primaryKey())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('expires_at', 'bigint', c => c.notNull())
    .execute()
  await db.schema.createIndex('sessions_by_expiry').on('sessions').column('expires_at').execute()

  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'text', c => c.primaryKey())
    .addColumn('sealed_private_key', 'blob', c => c.notNull())
    .addColumn('public_jwk', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('retired_at', 'bigint')
    .execute()

  await db.schema
    .createTable('async_operations')
    .addColumn('id', 'text', c => c.primaryKey())
    .addColumn('kind', 'text', c => c.notNull())
    .addColumn('subscription_key', 'text', c => c.notNull())
    .addColumn('target', 'text', c => c.notNull())
    .addColumn('target_key', 'text', c => c.notNull())
    .addColumn('status', 'text', c => c.notNull())
    .addColumn('json', 'text', c => c.notNull())
    .addColumn('created_at', 'bigint', c => c.notNull())
    .addColumn('ended_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('async_operations_by_status')
    .on('async_operations')
    .columns(['status', 'created_at'])
    .execute()

  await db.schema
    .createTable('audit')
    .addColumn('sequence', 'integer', c => c.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', c => c.notNull())
    .addColumn('request_id', 'text', c => c.notNull())
    .addColumn('correlation_id', 'text', c => c.notNull())
    .addColumn('plane', 'text', c => c.notNull())
    .addColumn('operation', 'text', c => c.notNull())
    .addColumn('scope_key', 'text', c => c.notNull())
    .addColumn('caller', 'text', c => c.notNull())
    .addColumn('caller_name', 'text', c => c.notNull())
    .addColumn('source_address', 'text', c => c.notNull())
    .addColumn('outcome', 'text', c => c.notNull())
    .addColumn('status', 'integer', c => c.notNull())
    .addColumn('changes', 'integer', c => c.notNull())
    .addColumn('detail', 'text', c => c.notNull())
    .execute()
  await db.schema.createIndex('audit_by_time').on('audit').columns(['changes', 'at']).execute()
}
