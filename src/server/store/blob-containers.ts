import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Remember } from './remember.ts'
import type { StorageAccount } from './storage-accounts.ts'
import type { BlobContainerTable, Tables } from './tables.ts'

export type BlobContainer = {
  readonly number: number
  readonly name: string
  /** As the resource manager names it: what roles are held at. */
  readonly id: string
  readonly etag: string
  readonly createdAt: number
  readonly changedAt: number
} & ContainerContent

/** What the blob plane keeps of a container, in its own terms. */
export type ContainerContent = {
  readonly metadata: Readonly<Record<string, string>>
  readonly publicAccess?: 'blob' | 'container' | undefined
  readonly policies: readonly StoredPolicy[]
  readonly lease?: StoredLease | undefined
}

export type StoredPolicy = {
  readonly id: string
  readonly start?: string
  readonly expiry?: string
  readonly permission?: string
}

/** Times in milliseconds; a lease without an end is infinite. */
export type StoredLease = {
  readonly id: string
  readonly durationSec: number
  readonly endsAt?: number
  /** Since when it is broken, or will be. */
  readonly brokenAt?: number
}

export type BlobContainerReads = {
  get(grant: Grant, account: StorageAccount, name: string): Promise<BlobContainer | undefined>
  /** By name, beginning at `from`. */
  list(
    grant: Grant,
    account: StorageAccount,
    page: { prefix: string; from: string; limit: number },
  ): Promise<BlobContainer[]>
  /** How much is in each account, by its number: for background work. */
  sizes(grant: Grant<never>): Promise<{ account: string; containers: number; blobs: number; bytes: number }[]>
  /** Of containers that are gone, for whose content is still there. */
  deleted(grant: Grant<never>): Promise<number[]>
}

export type BlobContainerWrites = BlobContainerReads & {
  /** Undefined when there is one of that name. */
  create(
    grant: Grant<Change>,
    account: StorageAccount,
    container: Omit<BlobContainer, 'number' | 'id'>,
  ): Promise<BlobContainer | undefined>
  update(grant: Grant<Change>, container: BlobContainer): Promise<void>
  /** Its name is free at once; what is in it goes in the background. */
  remove(grant: Grant<Change>, container: BlobContainer): Promise<void>
  /** Takes the row of a deleted container away, once nothing is in it. */
  forget(grant: Grant<never>, number: number): Promise<void>
}

export const containerId = (accountId: string, name: string) => `${accountId}/blobServices/default/containers/${name}`

const read = (accountId: string, row: Selectable<BlobContainerTable>): BlobContainer => ({
  number: row.number,
  name: row.name,
  id: containerId(accountId, row.name),
  etag: row.etag,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  ...JSON.parse(row.json),
})

const jsonOf = ({ metadata, publicAccess, policies, lease }: ContainerContent) =>
  JSON.stringify({ metadata, publicAccess, policies, lease })

export function blobContainerReads(db: Kysely<Tables>, remember: Remember): BlobContainerReads {
  const find = remember(async ({ number, id, name }: { number: number; id: string; name: string }) => {
    const row = await db
      .selectFrom('blob_containers')
      .selectAll()
      .where('account', '=', number)
      .where('name', '=', name)
      .executeTakeFirst()
    return row && read(id, row)
  })
  return {
    async get(grant, account, name) {
      demand(grant, containerId(account.id, name))
      return find({ number: account.number, id: account.id, name })
    },

    async list(grant, account, { prefix, from, limit }) {
      demand(grant, account.id)
      // Their names are ASCII. One bound, never both: of two, SQLite may enter the index at the lesser.
      const [, first = ''] = [prefix, from].sort()
      const rows = await db
        .selectFrom('blob_containers')
        .selectAll()
        .where('account', '=', account.number)
        .where('name', '>=', first)
        .where('name', '<', `${prefix}\u{10ffff}`)
        .orderBy('name')
        .limit(limit)
        .execute()
      return rows.map(row => read(account.id, row))
    },

    async sizes(grant) {
      demand(grant, '/')
      return db
        .selectFrom('storage_accounts')
        .leftJoin('blob_containers', 'blob_containers.account', 'storage_accounts.number')
        .leftJoin('blob_container_sizes', 'blob_container_sizes.container', 'blob_containers.number')
        .select(({ fn, lit }) => [
          'storage_accounts.name as account',
          fn.count<number>('blob_containers.number').as('containers'),
          fn.coalesce(fn.sum<number>('blob_container_sizes.blobs'), lit(0)).as('blobs'),
          fn.coalesce(fn.sum<number>('blob_container_sizes.bytes'), lit(0)).as('bytes'),
        ])
        .groupBy('storage_accounts.name')
        .orderBy('storage_accounts.name')
        .execute()
    },

    async deleted(grant) {
      demand(grant, '/')
      const rows = await db.selectFrom('blob_containers').select('number').where('account', 'is', null).execute()
      return rows.map(row => row.number)
    },
  }
}

export function blobContainerWrites(db: Kysely<Tables>, remember: Remember): BlobContainerWrites {
  return {
    ...blobContainerReads(db, remember),

    async create(grant, account, container) {
      demand(grant, containerId(account.id, container.name))
      const row = await db
        .insertInto('blob_containers')
        .values({
          account: account.number,
          name: container.name,
          etag: container.etag,
          json: jsonOf(container),
          created_at: container.createdAt,
          changed_at: container.changedAt,
        })
        .onConflict(conflict => conflict.columns(['account', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst()
      return row && read(account.id, row)
    },

    async update(grant, container) {
      demand(grant, container.id)
      await db
        .updateTable('blob_containers')
        .set({ etag: container.etag, changed_at: container.changedAt, json: jsonOf(container) })
        .where('number', '=', container.number)
        .execute()
    },

    async remove(grant, container) {
      demand(grant, container.id)
      await db.updateTable('blob_containers').set({ account: null }).where('number', '=', container.number).execute()
    },

    async forget(grant, number) {
      demand(grant, '/')
      await db.deleteFrom('blob_containers').where('number', '=', number).where('account', 'is', null).execute()
    },
  }
}
