import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { Remember } from './remember.ts'
import type { Sealing } from './sealing.ts'
import type { StorageAccountTable, Tables } from './tables.ts'

/** What the blob plane has to know of a storage account. The rest is its resource. Names are unique in all of Lazuli. */
export type StorageAccount = {
  readonly number: number
  readonly name: string
  /** Of its resource. */
  readonly id: string
  readonly createdAt: number
  readonly rules: AccountRules
  /** As Set Blob Service Properties left them. */
  readonly service: Readonly<Record<string, unknown>>
  /** How often the keys that users sign with were revoked: each is derived with this number. */
  readonly revocations?: number
}

export type AccountRules = {
  readonly sharedKey: boolean
  readonly publicAccess: boolean
  readonly network: { readonly allowByDefault: boolean; readonly ranges: readonly string[] }
  readonly kind: string
  readonly sku: string
  readonly accessTier: string
}

/** Of those that keep a copy in a second region, some let it be read. */
export const hasReadableSecondary = (sku: string) => sku.startsWith('Standard_RAG')

export type AccountKey = { readonly name: 'key1' | 'key2'; readonly value: Uint8Array; readonly createdAt: number }

export type StorageAccountReads = {
  /** By name, or by the id of its resource. */
  get(grant: Grant, which: { name: string } | { id: string }): Promise<StorageAccount | undefined>
  keys(grant: Grant, account: StorageAccount): Promise<readonly AccountKey[]>
}

export type StorageAccountWrites = StorageAccountReads & {
  /** Undefined when the name is somebody else's already. */
  create(
    grant: Grant<Change>,
    account: Pick<StorageAccount, 'name' | 'id' | 'rules' | 'createdAt'> & { keys: readonly AccountKey[] },
  ): Promise<StorageAccount | undefined>
  update(grant: Grant<Change>, account: StorageAccount): Promise<void>
  putKeys(grant: Grant<Change>, account: StorageAccount, keys: readonly AccountKey[]): Promise<void>
  /** Its containers go in the background. */
  remove(grant: Grant<Change>, account: StorageAccount): Promise<void>
}

const context = (idKey: string) => `storage account ${idKey}`

const read = (row: Selectable<StorageAccountTable>): StorageAccount => ({
  number: row.number,
  name: row.name,
  id: row.id,
  createdAt: row.created_at,
  ...JSON.parse(row.json),
})

export function storageAccountReads(db: Kysely<Tables>, sealing: Sealing, remember: Remember): StorageAccountReads {
  const find = remember(async (which: { name: string } | { id: string }) => {
    const query = db.selectFrom('storage_accounts').selectAll()
    const row = await ('name' in which
      ? query.where('name', '=', which.name.toLowerCase())
      : query.where('id_key', '=', which.id.toLowerCase())
    ).executeTakeFirst()
    return row && read(row)
  })
  const findKeys = remember(async (idKey: string) => {
    const row = await db
      .selectFrom('storage_accounts')
      .select('sealed_keys')
      .where('id_key', '=', idKey)
      .executeTakeFirst()
    return row ? openKeys(sealing, idKey, row.sealed_keys) : []
  })
  return {
    async get(grant, which) {
      const account = await find(which)
      demand(grant, account?.id)
      return account
    },
    async keys(grant, account) {
      demand(grant, account.id)
      return findKeys(account.id.toLowerCase())
    },
  }
}

function openKeys(sealing: Sealing, idKey: string, sealed: Uint8Array): readonly AccountKey[] {
  const keys: { name: 'key1' | 'key2'; value: string; createdAt: number }[] = JSON.parse(
    sealing.open(context(idKey), sealed).toString(),
  )
  return keys.map(key => ({ ...key, value: Buffer.from(key.value, 'base64') }))
}

function sealKeys(sealing: Sealing, idKey: string, keys: readonly AccountKey[]): Uint8Array {
  const plain = keys.map(key => ({ ...key, value: Buffer.from(key.value).toString('base64') }))
  return sealing.seal(context(idKey), JSON.stringify(plain))
}

export function storageAccountWrites(db: Kysely<Tables>, sealing: Sealing, remember: Remember): StorageAccountWrites {
  const reads = storageAccountReads(db, sealing, remember)
  return {
    ...reads,

    async create(grant, { name, id, rules, createdAt, keys }) {
      demand(grant, id)
      const id_key = id.toLowerCase()
      const row = await db
        .insertInto('storage_accounts')
        .values({
          name: name.toLowerCase(),
          id,
          id_key,
          sealed_keys: sealKeys(sealing, id_key, keys),
          json: JSON.stringify({ rules, service: {} }),
          created_at: createdAt,
        })
        .onConflict(conflict => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row && read(row)
    },

    async update(grant, { number, id, rules, service, revocations }) {
      demand(grant, id)
      await db
        .updateTable('storage_accounts')
        .set({ json: JSON.stringify({ rules, service, revocations }) })
        .where('number', '=', number)
        .execute()
    },

    async putKeys(grant, { number, id }, keys) {
      demand(grant, id)
      await db
        .updateTable('storage_accounts')
        .set({ sealed_keys: sealKeys(sealing, id.toLowerCase(), keys) })
        .where('number', '=', number)
        .execute()
    },

    async remove(grant, { number, id }) {
      demand(grant, id)
      await db.deleteFrom('storage_accounts').where('number', '=', number).execute()
      await db.updateTable('blob_containers').set({ account: null }).where('account', '=', number).execute()
    },
  }
}
