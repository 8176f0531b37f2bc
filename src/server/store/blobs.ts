import { type Insertable, type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { BlobContainer, StoredLease } from './blob-containers.ts'
import { compiledOnce } from './compiled.ts'
import type { BlobTable, Tables } from './tables.ts'

/** A blob, a snapshot of one, or a version of one that is no longer the current one. */
export type StoredBlob = {
  readonly number?: number
  readonly name: string
  /** The time of the snapshot; undefined for what is none. */
  readonly snapshot?: string | undefined
  /** For a version that another one, or nothing, has taken the place of; it has a `version`. */
  readonly isPrevious?: true | undefined
  readonly kind: 'BlockBlob' | 'AppendBlob' | 'PageBlob'
  readonly etag: string
  readonly length: number
  /** Either its bytes, or the content that has them. */
  readonly bytes?: Uint8Array | undefined
  readonly content?: string | undefined
  readonly createdAt: number
  readonly changedAt: number
  /** Since when it is only kept to be undeleted. */
  readonly deletedAt?: number | undefined
} & BlobState

/** What the blob plane keeps of a blob, in its own terms. */
export type BlobState = {
  readonly headers: {
    readonly type?: string
    readonly encoding?: string
    readonly language?: string
    readonly disposition?: string
    readonly cacheControl?: string
    /** In base64. */
    readonly md5?: string
  }
  readonly metadata: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
  readonly tier?: string
  readonly tierChangedAt?: number
  /** To which tier it is on its way from the archive, and when it is there. */
  readonly rehydration?: { readonly tier: string; readonly priority: 'Standard' | 'High'; readonly doneAt: number }
  readonly copy?: {
    readonly id: string
    readonly source: string
    readonly status: string
    readonly progress: string
    readonly completedAt: number
  }
  readonly lease?: StoredLease
  readonly sequenceNumber?: number
  /** How many appends it has had. */
  readonly appends?: number
  readonly sealed?: boolean
  /** The time that it is known by as a version; undefined for a snapshot, and for what was written without versioning. */
  readonly version?: string
  /** Of a block blob that was made of pages: where its content has no piece there are zeroes. */
  readonly sparse?: boolean
  /** When it goes for good; undefined for one that is not deleted. */
  readonly purgeAt?: number
}

export type BlockLength = { readonly id: string; readonly length: number }

/** Put, and not yet part of the blob. */
export type Block = BlockLength & ({ readonly bytes: Uint8Array } | { readonly extent: string })

/** One of those of a name: a snapshot, or a version, which may be the current one. The blob itself has no need of it. */
export type OneOfBlob = { readonly snapshot: string } | { readonly version: string }

/** Where a list goes on from: `place` is the store's own, and undefined for the blob itself. */
export type BlobPosition = { readonly name: string; readonly place?: string | undefined }

export type BlobListing = {
  readonly prefix: string
  /** Besides the blobs themselves. */
  readonly snapshots: boolean
  readonly versions: boolean
  /** Begins behind this one. */
  readonly after?: BlobPosition | undefined
  readonly limit: number
}

/** Where a list of what is found by tags goes on from. */
export type TagPosition = { readonly tag: string; readonly value: string; readonly name: string }

export type TagSearch = {
  /** The tag, and what its value lies between; any tag without one. */
  readonly tag?: string | undefined
  readonly least?: string | undefined
  readonly most?: string | undefined
  /** Begins behind this one. */
  readonly after?: TagPosition | undefined
  readonly limit: number
}

export type BlobReads = {
  /** Also one that is deleted, and kept. */
  get(grant: Grant, container: BlobContainer, name: string, one?: OneOfBlob): Promise<StoredBlob | undefined>
  /** Without their bytes, by name, and of one name the oldest first, the blob itself last; deleted ones, too. */
  list(grant: Grant, container: BlobContainer, what: BlobListing): Promise<StoredBlob[]>
  /** Those that are not deleted, without their bytes, the oldest first. Versions are none. */
  snapshots(grant: Grant, container: BlobContainer, name: string): Promise<StoredBlob[]>
  /** All that is kept under a name to be undeleted, without the bytes. */
  deleted(grant: Grant, container: BlobContainer, name: string): Promise<StoredBlob[]>
  /** The latest of the previous versions, also a deleted one, without its bytes. */
  latestVersion(grant: Grant, container: BlobContainer, name: string): Promise<StoredBlob | undefined>
  /** The latest time by which a snapshot or a previous version is named, also a deleted one. */
  latestTime(grant: Grant, container: BlobContainer, name: string): Promise<string | undefined>
  /** Blocks that are no part of the blob yet, without their bytes, of which there may be too many for the memory. */
  blockLengths(grant: Grant, container: BlobContainer, name: string): Promise<BlockLength[]>
  /** One of them, and how many there are. */
  anyBlock(grant: Grant, container: BlobContainer, name: string): Promise<{ id: string; count: number } | undefined>
  /** Each tag of each blob, by tag, value and name; deleted ones, too, and without their bytes. */
  tagged(
    grant: Grant,
    container: BlobContainer,
    what: TagSearch,
  ): Promise<{ position: TagPosition; blob: StoredBlob }[]>
  /** Names for which there are blocks that are no part of a blob, behind `after`. */
  uncommitted(
    grant: Grant,
    container: BlobContainer,
    what: { prefix: string; after: string; limit: number },
  ): Promise<string[]>
}

export type BlobWrites = BlobReads & {
  /** In the place of `before`, whose content goes unless something else has it, too. */
  put(grant: Grant<Change>, container: BlobContainer, blob: StoredBlob, before: StoredBlob | undefined): Promise<void>
  /** Says something else of what has a number, and leaves its bytes, which need not have been read. */
  restate(grant: Grant<Change>, container: BlobContainer, blob: StoredBlob, before: StoredBlob): Promise<void>
  remove(grant: Grant<Change>, container: BlobContainer, blob: StoredBlob): Promise<void>
  putBlock(grant: Grant<Change>, container: BlobContainer, name: string, block: Block, now: number): Promise<void>
  removeBlocks(grant: Grant<Change>, container: BlobContainer, name: string): Promise<void>
  /** Some of what is in a deleted container. Answers whether there is more. */
  clear(grant: Grant<never>, containerNumber: number, limit: number): Promise<boolean>
  /** Some of the blocks that nobody has committed since then. Answers whether there are more. */
  expireBlocks(grant: Grant<never>, before: number, limit: number): Promise<boolean>
  /** Some of what has been kept for as long as it was to be. Answers whether there is more. */
  purge(grant: Grant<never>, now: number, limit: number): Promise<boolean>
}

type Row = Selectable<BlobTable>
/**
 * What stands in the column `snapshot`: a time, a time and a letter for a previous version, or, behind all of them, the
 * sign of the blob itself. So an index of names and these has everything in the order of lists, whatever of it they show.
 */
const itself = '~'
const versionSign = 'v'
const someVersion = `%${versionSign}`
const placeOf = ({ snapshot, isPrevious, version }: StoredBlob) =>
  snapshot ?? (isPrevious ? `${version}${versionSign}` : itself)
const isItself = (blob: StoredBlob) => placeOf(blob) === itself

/** Where a list goes on from whose last entry was this one. */
export const positionOf = (blob: StoredBlob): BlobPosition =>
  isItself(blob) ? { name: blob.name } : { name: blob.name, place: placeOf(blob) }

const columns = [
  'number',
  'container',
  'name',
  'snapshot',
  'kind',
  'etag',
  'length',
  'content',
  'created_at',
  'changed_at',
  'deleted_at',
  'json',
] as const

const read = (row: Omit<Row, 'bytes' | 'purge_at'> & { bytes?: Uint8Array | null }): StoredBlob => ({
  number: row.number,
  name: row.name,
  ...(row.snapshot === itself
    ? {}
    : row.snapshot.endsWith(versionSign)
      ? { isPrevious: true as const }
      : { snapshot: row.snapshot }),
  kind: row.kind,
  etag: row.etag,
  length: row.length,
  content: row.content ?? undefined,
  bytes: row.bytes ?? undefined,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  deletedAt: row.deleted_at ?? undefined,
  ...(JSON.parse(row.json) as BlobState),
})

function rowOf(container: Pick<BlobContainer, 'number'>, blob: StoredBlob): Insertable<BlobTable> {
  const { headers, metadata, tags, tier, tierChangedAt, rehydration, copy, lease } = blob
  const { sequenceNumber, appends, sealed, sparse, version, purgeAt } = blob
  const state: Required<{ [Member in keyof BlobState]: BlobState[Member] | undefined }> = {
    headers,
    metadata,
    tags,
    tier,
    tierChangedAt,
    rehydration,
    copy,
    lease,
    sequenceNumber,
    appends,
    sealed,
    sparse,
    version,
    purgeAt,
  }
  return {
    container: container.number,
    name: blob.name,
    snapshot: placeOf(blob),
    kind: blob.kind,
    etag: blob.etag,
    length: blob.length,
    content: blob.content ?? null,
    created_at: blob.createdAt,
    changed_at: blob.changedAt,
    deleted_at: blob.deletedAt ?? null,
    json: JSON.stringify(state),
    bytes: blob.bytes ?? null,
    purge_at: blob.purgeAt ?? null,
  }
}

/** For the text of a query alone. */
const noContainer = { number: 0 }
const noBlob: StoredBlob = {
  ...{ name: '', kind: 'BlockBlob' as const, etag: '', length: 0, createdAt: 0, changedAt: 0 },
  ...{ headers: {}, metadata: {} },
}

/** Behind everything that begins with the prefix. */
export const behind = (prefix: string) => `${prefix}\u{10ffff}\u{10ffff}`

/** As SQLite compares text, which is not how JavaScript does. */
export const compareNames = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

export function blobReads(db: Kysely<Tables>): BlobReads {
  const find = compiledOnce(db, () =>
    db.selectFrom('blobs').selectAll().where('container', '=', 0).where('name', '=', '').where('snapshot', '=', ''),
  )
  const named = (container: BlobContainer, name: string) =>
    db.selectFrom('blobs').select(columns).where('container', '=', container.number).where('name', '=', name)
  const all = () =>
    db
      .selectFrom('blobs')
      .select(columns)
      .where('container', '=', 0)
      .where('name', '<', '')
      .orderBy('name')
      .orderBy('snapshot')
      .limit(0)
  /** `values` stand in the places that `only` makes. */
  const listOf = (values: readonly string[], only: (query: ReturnType<typeof all>) => ReturnType<typeof all>) => ({
    values,
    from: compiledOnce(db, () => only(all()).where('name', '>=', '')),
    behindName: compiledOnce(db, () => only(all()).where('name', '>', '')),
    behindPlace: compiledOnce(db, () =>
      only(all()).where(eb => eb(eb.refTuple('name', 'snapshot'), '>', eb.tuple('', ''))),
    ),
  })
  const lists = {
    blobs: listOf([itself], query => query.where('snapshot', '=', '')),
    snapshots: listOf([someVersion], query => query.where('snapshot', 'not like', '')),
    versions: listOf([someVersion, itself], query =>
      query.where(eb => eb.or([eb('snapshot', 'like', ''), eb('snapshot', '=', '')])),
    ),
    all: listOf([], query => query),
  }
  return {
    async get(grant, container, name, one) {
      demand(grant, container.id)
      const at = async (place: string) => {
        const [row] = await find(container.number, name, place)
        return row && read(row)
      }
      if (!one) return at(itself)
      if ('snapshot' in one) return at(one.snapshot)
      const previous = await at(`${one.version}${versionSign}`)
      if (previous) return previous
      const current = await at(itself)
      return current?.version === one.version ? current : undefined
    },

    async list(grant, container, { prefix, snapshots, versions, after, limit }) {
      demand(grant, container.id)
      const [number, end] = [container.number, behind(prefix)]
      const { values, from, behindName, behindPlace } =
        lists[snapshots ? (versions ? 'all' : 'snapshots') : versions ? 'versions' : 'blobs']
      // One bound, never both: of two, SQLite may enter the index at the lesser and read up to the other.
      const rows =
        !after || compareNames(after.name, prefix) < 0
          ? await from(number, end, ...values, prefix, limit)
          : snapshots || versions
            ? await behindPlace(number, end, ...values, after.name, after.place ?? itself, limit)
            : await (after.place === undefined ? behindName : from)(number, end, ...values, after.name, limit)
      return rows.map(read)
    },

    async snapshots(grant, container, name) {
      demand(grant, container.id)
      const rows = await named(container, name)
        .where('snapshot', '<', itself)
        .where('snapshot', 'not like', someVersion)
        .where('deleted_at', 'is', null)
        .orderBy('snapshot')
        .execute()
      return rows.map(read)
    },

    async deleted(grant, container, name) {
      demand(grant, container.id)
      const rows = await named(container, name).where('deleted_at', 'is not', null).execute()
      return rows.map(read)
    },

    async latestVersion(grant, container, name) {
      demand(grant, container.id)
      const row = await named(container, name)
        .where('snapshot', '<', itself)
        .where('snapshot', 'like', someVersion)
        .orderBy('snapshot', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row && read(row)
    },

    async latestTime(grant, container, name) {
      demand(grant, container.id)
      const row = await db
        .selectFrom('blobs')
        .select('snapshot')
        .where('container', '=', container.number)
        .where('name', '=', name)
        .where('snapshot', '<', itself)
        .orderBy('snapshot', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.snapshot.replace(versionSign, '')
    },

    async anyBlock(grant, container, name) {
      demand(grant, container.id)
      const found = await db
        .selectFrom('blob_blocks')
        .select(({ fn }) => [fn.max('block').as('id'), fn.countAll<number>().as('count')])
        .where('container', '=', container.number)
        .where('name', '=', name)
        .executeTakeFirstOrThrow()
      return found.id === null ? undefined : { id: found.id, count: found.count }
    },

    async blockLengths(grant, container, name) {
      demand(grant, container.id)
      return db
        .selectFrom('blob_blocks')
        .select(['block as id', 'length'])
        .where('container', '=', container.number)
        .where('name', '=', name)
        .orderBy('block')
        .execute()
    },

    async tagged(grant, container, { tag, least = '', most, after, limit }) {
      demand(grant, container.id)
      let query = db
        .selectFrom('blob_tags')
        .innerJoin('blobs', 'blobs.number', 'blob_tags.blob')
        .select(columns.map(column => `blobs.${column}` as const))
        .select(['blob_tags.name as tag', 'blob_tags.value as value'])
        .where('blob_tags.container', '=', container.number)
        .orderBy('blob_tags.name')
        .orderBy('blob_tags.value')
        .orderBy('blob_tags.blob_name')
        .limit(limit)
      const from = after ?? { tag: '', value: least, name: '' }
      if (tag === undefined) {
        query = query.where(eb =>
          eb(
            eb.refTuple('blob_tags.name', 'blob_tags.value', 'blob_tags.blob_name'),
            '>',
            eb.tuple(from.tag, from.value, from.name),
          ),
        )
      } else {
        query = query
          .where('blob_tags.name', '=', tag)
          .where(eb => eb(eb.refTuple('blob_tags.value', 'blob_tags.blob_name'), '>', eb.tuple(from.value, from.name)))
        if (most !== undefined) query = query.where('blob_tags.value', '<=', most)
      }
      return (await query.execute()).map(({ tag, value, ...row }) => ({
        position: { tag, value, name: row.name },
        blob: read(row),
      }))
    },

    async uncommitted(grant, container, { prefix, after, limit }) {
      demand(grant, container.id)
      let query = db
        .selectFrom('blob_blocks')
        .select('name')
        .distinct()
        .where('container', '=', container.number)
        .where('name', '<', behind(prefix))
        .orderBy('name')
        .limit(limit)
      query = compareNames(after, prefix) >= 0 ? query.where('name', '>', after) : query.where('name', '>=', prefix)
      return (await query.execute()).map(row => row.name)
    },
  }
}

export function blobWrites(db: Kysely<Tables>): BlobWrites {
  const insert = compiledOnce(db, () => db.insertInto('blobs').values(rowOf(noContainer, noBlob)).returning('number'))
  const dropBlocks = compiledOnce(db, () =>
    db.deleteFrom('blob_blocks').where('container', '=', 0).where('name', '=', ''),
  )

  async function dropUnused(content: string | undefined): Promise<void> {
    if (content === undefined) return
    await db
      .deleteFrom('content_pieces')
      .where('content', '=', content)
      .where(eb => eb.not(eb.exists(eb.selectFrom('blobs').select('number').where('content', '=', content))))
      .execute()
  }

  async function dropSomeBlocks(
    which: (blocks: SelectQueryBuilder<Tables, 'blob_blocks', { rowid: unknown }>) => typeof blocks,
    limit: number,
  ): Promise<boolean> {
    const some = which(db.selectFrom('blob_blocks').select(sql`rowid`.as('rowid'))).limit(limit)
    const { numDeletedRows } = await db
      .deleteFrom('blob_blocks')
      .where(sql`rowid`, 'in', some)
      .executeTakeFirstOrThrow()
    return numDeletedRows === BigInt(limit)
  }

  /** Only a blob itself is found by its tags. */
  async function putTags(number: number, container: BlobContainer, blob: StoredBlob, before: StoredBlob | undefined) {
    if (!(isItself(blob) && blob.tags) && !(before && isItself(before) && before.tags)) return
    await db.deleteFrom('blob_tags').where('blob', '=', number).execute()
    const { name: blob_name, tags = {} } = blob
    const rows = Object.entries(isItself(blob) ? tags : {}).map(([name, value]) => ({
      blob: number,
      container: container.number,
      name,
      value,
      blob_name,
    }))
    if (rows.length > 0) await db.insertInto('blob_tags').values(rows).execute()
  }

  return {
    ...blobReads(db),

    async put(grant, container, blob, before) {
      demand(grant, container.id)
      const row = rowOf(container, blob)
      let number = before?.number
      if (number === undefined) {
        const [made] = await insert(...Object.values(row))
        if (!made) throw new Error('a blob was put and has no number')
        number = made.number
      } else {
        await db.updateTable('blobs').set(row).where('number', '=', number).execute()
        if (before?.content !== blob.content) await dropUnused(before?.content)
      }
      await putTags(number, container, blob, before)
    },

    async restate(grant, container, blob, before) {
      demand(grant, container.id)
      const { number } = before
      if (number === undefined) throw new Error('a blob without a number cannot be changed')
      const { bytes: _bytes, ...row } = rowOf(container, blob)
      await db.updateTable('blobs').set(row).where('number', '=', number).execute()
      await putTags(number, container, blob, before)
    },

    async remove(grant, container, { number = -1, content }) {
      demand(grant, container.id)
      await db.deleteFrom('blobs').where('number', '=', number).execute()
      await dropUnused(content)
    },

    async putBlock(grant, container, name, block, now) {
      demand(grant, container.id)
      const changing = {
        length: block.length,
        created_at: now,
        ...('extent' in block ? { extent: block.extent, bytes: null } : { extent: null, bytes: block.bytes }),
      }
      await db
        .insertInto('blob_blocks')
        .values({ container: container.number, name, block: block.id, ...changing })
        .onConflict(conflict => conflict.columns(['container', 'name', 'block']).doUpdateSet(changing))
        .execute()
    },

    async removeBlocks(grant, container, name) {
      demand(grant, container.id)
      await dropBlocks(container.number, name)
    },

    async clear(grant, containerNumber, limit) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('blobs')
        .select(['number', 'content'])
        .where('container', '=', containerNumber)
        .limit(limit)
        .execute()
      for (const { number, content } of rows) {
        await db.deleteFrom('blobs').where('number', '=', number).execute()
        await dropUnused(content ?? undefined)
      }
      if (rows.length === limit) return true
      return dropSomeBlocks(blocks => blocks.where('container', '=', containerNumber), limit)
    },

    async expireBlocks(grant, before, limit) {
      demand(grant, '/')
      return dropSomeBlocks(blocks => blocks.where('created_at', '<', before), limit)
    },

    async purge(grant, now, limit) {
      demand(grant, '/')
      const rows = await db
        .selectFrom('blobs')
        .select(['number', 'content'])
        .where('purge_at', '<=', now)
        .limit(limit)
        .execute()
      for (const { number, content } of rows) {
        await db.deleteFrom('blobs').where('number', '=', number).execute()
        await dropUnused(content ?? undefined)
      }
      return rows.length === limit
    },
  }
}
