import { randomUUID } from 'node:crypto'
import { type Kysely, type Selectable, sql } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { DataLakeAccount } from './data-lake-accounts.ts'
import type { DataLakeFileTable, Tables } from './tables.ts'

/** A file or folder of a Data Lake Store account. */
export type DataLakeFile = {
  readonly number: number
  /** The number of its folder; 0 for the root of the account. */
  readonly parent: number
  readonly name: string
  readonly kind: 'FILE' | 'DIRECTORY'
  readonly length: number
  /** Of a file: which content is its. */
  readonly content: string
  readonly acl: FileAcl
  readonly createdAt: number
  readonly changedAt: number
  readonly readAt: number
  readonly expiresAt?: number
  /** Who is writing it, and since when nothing has come from there. */
  readonly lease?: { readonly id: string; readonly at: number }
}

export type NamedEntry = { readonly kind: 'user' | 'group'; readonly id: string; readonly bits: number }

export type Permissions = {
  readonly user: number
  readonly group: number
  readonly other: number
  readonly mask?: number
  readonly named: readonly NamedEntry[]
}

export type FileAcl = {
  readonly owner: string
  readonly group: string
  readonly sticky: boolean
  readonly access: Permissions
  /** Of a folder: what is made in it gets these. */
  readonly defaults?: Permissions
}

/** Where to go on in a folder. */
export type Page = { readonly after?: string; readonly before?: string; readonly limit?: number }

export type DataLakeFileReads = {
  /** The root of an account has no folder. What has expired is not there. */
  get(
    grant: Grant,
    account: DataLakeAccount,
    where: { readonly parent: number; readonly name: string },
    now: number,
  ): Promise<DataLakeFile | undefined>
  /** In the order of their names. */
  list(grant: Grant, account: DataLakeAccount, folder: DataLakeFile, page: Page, now: number): Promise<DataLakeFile[]>
  /** A folder's sub-folders, theirs and so on, and how much is in each. */
  folders(
    grant: Grant,
    account: DataLakeAccount,
    folder: DataLakeFile,
    now: number,
  ): Promise<{ acl: FileAcl; files: number; folders: number; bytes: number }[]>
}

export type DataLakeFileWrites = DataLakeFileReads & {
  create(
    grant: Grant<Change>,
    account: DataLakeAccount,
    file: Pick<DataLakeFile, 'parent' | 'name' | 'kind' | 'acl'>,
    now: number,
  ): Promise<DataLakeFile>
  /** Everything of it may have changed, and its folder. */
  update(grant: Grant<Change>, account: DataLakeAccount, file: DataLakeFile): Promise<void>
  /** It, all that is below it, and what that consisted of. */
  remove(grant: Grant<Change>, account: DataLakeAccount, file: DataLakeFile): Promise<void>
  /** Files whose time has come. */
  removeExpired(grant: Grant<never>, now: number): Promise<void>
}

const read = (row: Selectable<DataLakeFileTable>): DataLakeFile => ({
  number: row.number,
  parent: row.parent,
  name: row.name,
  kind: row.kind,
  length: row.length,
  content: row.content ?? '',
  acl: JSON.parse(row.acl),
  createdAt: row.created_at,
  changedAt: row.changed_at,
  readAt: row.read_at,
  ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  ...(row.lease === null ? {} : { lease: { id: row.lease, at: row.leased_at ?? 0 } }),
})

export function dataLakeFileReads(db: Kysely<Tables>): DataLakeFileReads {
  const living = (account: DataLakeAccount, now: number) =>
    db
      .selectFrom('data_lake_files')
      .where('account', '=', account.number)
      .where(eb => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
  return {
    async get(grant, account, { parent, name }, now) {
      demand(grant, account.id)
      const row = await living(account, now)
        .selectAll()
        .where('parent', '=', parent)
        .where('name', '=', name)
        .executeTakeFirst()
      return row && read(row)
    },

    async list(grant, account, folder, { after, before, limit }, now) {
      demand(grant, account.id)
      let query = living(account, now).selectAll().where('parent', '=', folder.number).orderBy('name')
      if (after !== undefined) query = query.where('name', '>', after)
      if (before !== undefined) query = query.where('name', '<', before)
      if (limit !== undefined) query = query.limit(limit)
      return (await query.execute()).map(read)
    },

    async folders(grant, account, folder, now) {
      demand(grant, account.id)
      const { rows } = await sql<{ acl: string; files: number; folders: number; bytes: number }>`
        WITH RECURSIVE below (number, acl) AS (
          SELECT number, acl FROM data_lake_files WHERE number = ${folder.number}
          UNION ALL
          SELECT f.number, f.acl FROM data_lake_files f
          JOIN below ON f.account = ${account.number} AND f.parent = below.number AND f.kind = 'DIRECTORY'
        )
        SELECT below.acl AS acl,
          COALESCE(SUM(CASE WHEN c.kind = 'FILE' THEN 1 ELSE 0 END), 0) AS files,
          COALESCE(SUM(CASE WHEN c.kind = 'DIRECTORY' THEN 1 ELSE 0 END), 0) AS folders,
          COALESCE(SUM(c.length), 0) AS bytes
        FROM below LEFT JOIN data_lake_files c ON c.account = ${account.number} AND c.parent = below.number
          AND (c.expires_at IS NULL OR c.expires_at > ${now})
        GROUP BY below.number, below.acl`.execute(db)
      return rows.map(row => ({ ...row, acl: JSON.parse(row.acl) }))
    },
  }
}

export function dataLakeFileWrites(db: Kysely<Tables>): DataLakeFileWrites {
  /** The recursion goes by what is below; `UNION` and not `UNION ALL` would look for doubles that cannot be. */
  const removeTrees = async (roots: ReturnType<typeof sql>) => {
    const below = sql`
      WITH RECURSIVE below (number, account, content) AS (
        SELECT number, account, content FROM data_lake_files WHERE ${roots}
        UNION ALL
        SELECT f.number, f.account, f.content FROM data_lake_files f
        JOIN below ON f.account = below.account AND f.parent = below.number
      )`
    const contents = sql`(SELECT content FROM below WHERE content IS NOT NULL)`
    await sql`${below} DELETE FROM content_pieces WHERE content IN ${contents}`.execute(db)
    await sql`${below} DELETE FROM data_lake_files WHERE number IN (SELECT number FROM below)`.execute(db)
  }
  return {
    ...dataLakeFileReads(db),

    async create(grant, account, { parent, name, kind, acl }, now) {
      demand(grant, account.id)
      // Something that has expired may still have the name.
      await removeTrees(
        sql`account = ${account.number} AND parent = ${parent} AND name = ${name} AND expires_at <= ${now}`,
      )
      const row = await db
        .insertInto('data_lake_files')
        .values({
          ...{ account: account.number, parent, name, kind, length: 0, acl: JSON.stringify(acl) },
          content: kind === 'FILE' ? randomUUID() : null,
          ...{ created_at: now, changed_at: now, read_at: now, expires_at: null, lease: null, leased_at: null },
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      return read(row)
    },

    async update(grant, account, file) {
      demand(grant, account.id)
      await db
        .updateTable('data_lake_files')
        .set({
          ...{ parent: file.parent, name: file.name, length: file.length, content: file.content || null },
          ...{
            acl: JSON.stringify(file.acl),
            changed_at: file.changedAt,
            read_at: file.readAt,
            expires_at: file.expiresAt ?? null,
          },
          ...{ lease: file.lease?.id ?? null, leased_at: file.lease?.at ?? null },
        })
        .where('number', '=', file.number)
        .where('account', '=', account.number)
        .execute()
    },

    async remove(grant, account, file) {
      demand(grant, account.id)
      await removeTrees(sql`number = ${file.number} AND account = ${account.number}`)
    },

    async removeExpired(grant, now) {
      demand(grant, '/')
      await removeTrees(sql`expires_at <= ${now}`)
    },
  }
}
