import { randomBytes } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import { type ResourceId, resourceId } from '../../wire/resource-id.ts'
import { type Change, demand, type Grant, shows } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import { afresh, type Remember } from './remember.ts'
import type { ResourceBody } from './resources.ts'
import type { Sealing } from './sealing.ts'
import type { Tables, VaultTable } from './tables.ts'

/** Names of vaults are host names: there is one of each, whatever the subscription. */
export type Vault = { readonly name: string; readonly id: ResourceId; readonly body: ResourceBody }

export type DeletedVault = Vault & { readonly deletedAt: number; readonly purgeAt: number }

export type VaultReads = {
  /** Undefined also for one that is deleted. */
  get(grant: Grant, name: string): Promise<Vault | undefined>
  /** One that can still be recovered. */
  deleted(grant: Grant, name: string): Promise<DeletedVault | undefined>
  listDeleted(grant: Grant, subscriptionId: string): Promise<DeletedVault[]>
  /** What is in each vault, but for what is deleted or belongs to a certificate: for background work. */
  counts(grant: Grant<never>): Promise<{ vault: string; secrets: number; keys: number; certificates: number }[]>
}

export type VaultWrites = VaultReads & {
  /** A vault's own key is made here, and goes with it when it is purged. */
  make(grant: Grant<Change>, id: ResourceId): Promise<void>
  /** The resource's row goes by itself; what the vault holds stays until it is purged. */
  softDelete(grant: Grant<Change>, id: ResourceId, body: ResourceBody, purgeAt: number): Promise<void>
  recover(grant: Grant<Change>, id: ResourceId): Promise<void>
  purge(grant: Grant<Change>, id: ResourceId): Promise<void>
  /** Purges what has been deleted for long enough, vaults and things in them. */
  purgeDue(grant: Grant<never>): Promise<void>
}

export const vaultKeyContext = (nameKey: string) => `key of vault ${nameKey}`

const readDeleted = (row: Selectable<VaultTable>): DeletedVault => {
  const id = resourceId(row.id)
  return {
    name: id.name,
    id,
    body: JSON.parse(row.json ?? '{}'),
    deletedAt: row.deleted_at ?? 0,
    purgeAt: row.purge_at ?? 0,
  }
}

export function vaultReads(db: Kysely<Tables>, clock: Clock, remember: Remember): VaultReads {
  const find = remember(async (nameKey: string): Promise<Vault | undefined> => {
    const row = await db
      .selectFrom('vaults')
      .innerJoin('resources', 'resources.id_key', 'vaults.id_key')
      .select(['resources.id', 'resources.json'])
      .where('vaults.name_key', '=', nameKey)
      .where('vaults.deleted_at', 'is', null)
      .executeTakeFirst()
    if (!row) return undefined
    const id = resourceId(row.id)
    return { name: id.name, id, body: JSON.parse(row.json) }
  })
  const recoverable = () => db.selectFrom('vaults').selectAll().where('purge_at', '>', clock.now())
  return {
    async get(grant, name) {
      const found = await find(name.toLowerCase())
      if (found) demand(grant, found.id.text)
      return found
    },

    async deleted(grant, name) {
      const row = await recoverable().where('name_key', '=', name.toLowerCase()).executeTakeFirst()
      if (row) demand(grant, row.id)
      return row && readDeleted(row)
    },

    async listDeleted(grant, subscriptionId) {
      demand(grant, `/subscriptions/${subscriptionId}`)
      const rows = await recoverable()
        .where('subscription_key', '=', subscriptionId.toLowerCase())
        .orderBy('name_key')
        .execute()
      return rows.map(readDeleted).filter(({ id }) => shows(grant, id.text))
    },

    async counts(grant) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('vaults')
        .innerJoin('resources', 'resources.id_key', 'vaults.id_key')
        .leftJoin('vault_objects', join =>
          join
            .onRef('vault_objects.vault_key', '=', 'vaults.name_key')
            .on('vault_objects.deleted_at', 'is', null)
            .on('vault_objects.managed', '=', 0),
        )
        .where('vaults.deleted_at', 'is', null)
        .select(({ fn }) => [
          'resources.id',
          'vault_objects.kind',
          fn.count<number>('vault_objects.name_key').as('count'),
        ])
        .groupBy(['resources.id', 'vault_objects.kind'])
        .orderBy('resources.id')
        .execute()
      return [...Map.groupBy(rows, row => row.id)].map(([id, kinds]) => {
        const of = (kind: string) => kinds.find(row => row.kind === kind)?.count ?? 0
        return {
          vault: resourceId(id).name,
          secrets: of('secrets'),
          keys: of('keys'),
          certificates: of('certificates'),
        }
      })
    },
  }
}

export function vaultWrites(db: Kysely<Tables>, clock: Clock, sealing: Sealing): VaultWrites {
  async function purgeVaults(nameKeys: readonly string[]): Promise<void> {
    if (nameKeys.length === 0) return
    await db.deleteFrom('vault_versions').where('vault_key', 'in', nameKeys).execute()
    await db.deleteFrom('vault_objects').where('vault_key', 'in', nameKeys).execute()
    await db.deleteFrom('vaults').where('name_key', 'in', nameKeys).execute()
  }

  return {
    ...vaultReads(db, clock, afresh),

    async make(grant, id) {
      demand(grant, id.text)
      const nameKey = id.name.toLowerCase()
      // One of that name whose time has run out may not have been cleared away yet.
      await purgeVaults([nameKey])
      await db
        .insertInto('vaults')
        .values({
          name_key: nameKey,
          id_key: id.key,
          id: id.text,
          subscription_key: id.subscriptionId.toLowerCase(),
          sealed_key: sealing.seal(vaultKeyContext(nameKey), randomBytes(32)),
          created_at: clock.now(),
          deleted_at: null,
          purge_at: null,
          json: null,
        })
        .execute()
    },

    async softDelete(grant, id, body, purgeAt) {
      demand(grant, id.text)
      await db
        .updateTable('vaults')
        .set({ deleted_at: clock.now(), purge_at: purgeAt, json: JSON.stringify(body) })
        .where('id_key', '=', id.key)
        .execute()
    },

    async recover(grant, id) {
      demand(grant, id.text)
      await db
        .updateTable('vaults')
        .set({ deleted_at: null, purge_at: null, json: null })
        .where('id_key', '=', id.key)
        .execute()
    },

    async purge(grant, id) {
      demand(grant, id.text)
      await purgeVaults([id.name.toLowerCase()])
    },

    async purgeDue(grant) {
      demand(grant, '/')
      const now = clock.now()
      const vaults = await db.selectFrom('vaults').select('name_key').where('purge_at', '<=', now).execute()
      await purgeVaults(vaults.map(row => row.name_key))
      const due = await db
        .selectFrom('vault_objects')
        .select(['vault_key', 'kind', 'name_key'])
        .where('purge_at', '<=', now)
        .execute()
      for (const { vault_key, kind, name_key } of due) {
        for (const table of ['vault_versions', 'vault_objects'] as const) {
          await db
            .deleteFrom(table)
            .where('vault_key', '=', vault_key)
            .where('kind', '=', kind)
            .where('name_key', '=', name_key)
            .execute()
        }
      }
    },
  }
}
