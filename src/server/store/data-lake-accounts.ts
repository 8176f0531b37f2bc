import type { Kysely, Selectable } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import { afresh, type Remember } from './remember.ts'
import type { DataLakeAccountTable, Tables } from './tables.ts'

/** What the file system has to know of a Data Lake Store account. Names are unique in all of Lazuli. */
export type DataLakeAccount = {
  readonly number: number
  readonly name: string
  /** Of its resource. */
  readonly id: string
  readonly createdAt: number
  readonly rules: DataLakeRules
}

export type DataLakeRules = {
  /** Whether only the addresses of its firewall rules may come. */
  readonly firewall: boolean
  readonly azureAddresses: boolean
}

export type DataLakeAccountReads = {
  /** By name, or by the id of its resource. */
  get(grant: Grant, which: { name: string } | { id: string }): Promise<DataLakeAccount | undefined>
  /** Reads all of their files. The root is no folder of anybody's. */
  sizes(grant: Grant<never>): Promise<{ account: string; folders: number; files: number; bytes: number }[]>
}

export type DataLakeAccountWrites = DataLakeAccountReads & {
  /** Undefined when the name is somebody else's already. */
  create(
    grant: Grant<Change>,
    account: Pick<DataLakeAccount, 'name' | 'id' | 'rules' | 'createdAt'>,
  ): Promise<DataLakeAccount | undefined>
  update(grant: Grant<Change>, account: DataLakeAccount): Promise<void>
  /** Its files go before it: `dataLakeFiles.removeBelow`. */
  remove(grant: Grant<Change>, account: DataLakeAccount): Promise<void>
}

const read = (row: Selectable<DataLakeAccountTable>): DataLakeAccount => ({
  number: row.number,
  name: row.name,
  id: row.id,
  createdAt: row.created_at,
  ...JSON.parse(row.json),
})

export function dataLakeAccountReads(db: Kysely<Tables>, remember: Remember): DataLakeAccountReads {
  const find = remember(async (which: { name: string } | { id: string }) => {
    const query = db.selectFrom('data_lake_accounts').selectAll()
    const row = await ('name' in which
      ? query.where('name', '=', which.name.toLowerCase())
      : query.where('id_key', '=', which.id.toLowerCase())
    ).executeTakeFirst()
    return row && read(row)
  })
  return {
    async get(grant, which) {
      const account = await find(which)
      demand(grant, account?.id)
      return account
    },

    async sizes(grant) {
      demand(grant, '/')
      return db
        .selectFrom('data_lake_accounts')
        .leftJoin('data_lake_files', join =>
          join.onRef('data_lake_files.account', '=', 'data_lake_accounts.number').on('data_lake_files.parent', '<>', 0),
        )
        .select(({ fn, lit }) => [
          'data_lake_accounts.name as account',
          fn.count<number>('data_lake_files.number').filterWhere('kind', '=', 'DIRECTORY').as('folders'),
          fn.count<number>('data_lake_files.number').filterWhere('kind', '=', 'FILE').as('files'),
          fn.coalesce(fn.sum<number>('data_lake_files.length'), lit(0)).as('bytes'),
        ])
        .groupBy('data_lake_accounts.name')
        .orderBy('data_lake_accounts.name')
        .execute()
    },
  }
}

export function dataLakeAccountWrites(db: Kysely<Tables>): DataLakeAccountWrites {
  return {
    ...dataLakeAccountReads(db, afresh),

    async create(grant, { name, id, rules, createdAt }) {
      demand(grant, id)
      const row = await db
        .insertInto('data_lake_accounts')
        .values({
          name: name.toLowerCase(),
          id,
          id_key: id.toLowerCase(),
          json: JSON.stringify({ rules }),
          created_at: createdAt,
        })
        .onConflict(conflict => conflict.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row && read(row)
    },

    async update(grant, { number, id, rules }) {
      demand(grant, id)
      await db
        .updateTable('data_lake_accounts')
        .set({ json: JSON.stringify({ rules }) })
        .where('number', '=', number)
        .execute()
    },

    async remove(grant, { number, id }) {
      demand(grant, id)
      await db.deleteFrom('data_lake_accounts').where('number', '=', number).execute()
    },
  }
}
