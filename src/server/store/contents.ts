import { type Kysely, type Selectable, sql } from 'kysely'
import { type Change, demand, type Grant } from '../access/grant.ts'
import type { ContentPieceTable, Tables } from './tables.ts'

/**
 * What something consists of: pieces, one behind the other, each in an extent or, when it is small, in its row. Several
 * things can consist of the same content, and several pieces lie in the same extent. A content has no permissions of
 * its own: whoever may read or write the thing that has it holds a grant for that.
 */
export type Piece = {
  /** Where it begins. */
  readonly at: number
  readonly length: number
  /** The id of the block it came from. */
  readonly block?: string
} & ({ readonly extent: string; readonly extentAt: number } | { readonly bytes: Uint8Array })

/** Where a piece is, without its bytes. */
export type Span = Omit<Piece, 'bytes' | 'extent' | 'extentAt'> &
  ({ readonly extent: string; readonly extentAt: number } | { readonly inRow: true })

export type Range = { readonly from: number; readonly length: number }

/** Where a part is to begin, and what it is: a block that is no part of a blob yet, or the piece that begins there. */
export type Part = { readonly at: number } & ({ readonly block: string } | { readonly pieceAt: number })

/** Whose blocks, and which content's pieces. */
export type PartsFrom = { readonly container: number; readonly name: string; readonly content: string | undefined }

export type ContentReads = {
  /** The pieces that a range touches, in order, or so many of them; all of them without one. */
  pieces(grant: Grant, content: string, range?: Range, most?: number): Promise<Piece[]>
  /** The same without the bytes, of which there may be many. */
  spans(grant: Grant, content: string, range: Range, most: number): Promise<Span[]>
  /** The blocks that it was made of, in order, and where each begins, without their bytes. */
  blockLengths(grant: Grant, content: string): Promise<{ id: string; at: number; length: number }[]>
  /** Which of these extents something refers to. */
  namedAmong(grant: Grant<never>, extents: readonly string[]): Promise<Set<string>>
}

export type ContentWrites = ContentReads & {
  add(grant: Grant<Change>, content: string, pieces: readonly Piece[]): Promise<void>
  /** Adds what the database has already, and whose bytes are not read for it: there may be too many for the memory. */
  assemble(grant: Grant<Change>, content: string, parts: readonly Part[], from: PartsFrom): Promise<void>
  /** All pieces of another content, moved by `at`. */
  copy(grant: Grant<Change>, from: string, to: string, at?: number): Promise<void>
  /** Takes away the pieces that begin in a range. */
  cut(grant: Grant<Change>, content: string, range: Range): Promise<void>
  remove(grant: Grant<Change>, content: string): Promise<void>
  /** Notes that nothing refers to these extents, and answers since when that has been known of each. */
  noteUnreferenced(grant: Grant<never>, extents: readonly string[], now: number): Promise<Map<string, number>>
  /** Forgets what was noted of extents that are gone. */
  forgetUnreferenced(grant: Grant<never>, extents: readonly string[]): Promise<void>
}

const read = (row: Selectable<ContentPieceTable>): Piece => ({
  at: row.at,
  length: row.length,
  ...(row.block === null ? {} : { block: row.block }),
  ...(row.extent === null ? { bytes: row.bytes ?? new Uint8Array() } : { extent: row.extent, extentAt: row.extent_at }),
})

const readSpan = ({ at, length, block, extent, extent_at }: Omit<Selectable<ContentPieceTable>, 'bytes'>): Span => ({
  at,
  length,
  ...(block === null ? {} : { block }),
  ...(extent === null ? { inRow: true } : { extent, extentAt: extent_at }),
})

export function contentReads(db: Kysely<Tables>): ContentReads {
  function touching(content: string, { from, length }: Range) {
    // The piece in which the range begins may begin before it.
    const first = db
      .selectFrom('content_pieces')
      .select(eb => eb.fn.max('at').as('at'))
      .where('content', '=', content)
      .where('at', '<=', from)
    return db
      .selectFrom('content_pieces')
      .where('content', '=', content)
      .where('at', '<', from + length)
      .where(eb => eb('at', '>=', eb.fn.coalesce(first, eb.lit(0))))
      .orderBy('at')
  }

  return {
    async pieces(grant, content, range, most) {
      demand(grant)
      const rows = range
        ? touching(content, range)
        : db.selectFrom('content_pieces').where('content', '=', content).orderBy('at')
      return (
        await rows
          .selectAll()
          .$if(most !== undefined, query => query.limit(most ?? 0))
          .execute()
      ).map(read)
    },

    async spans(grant, content, range, most) {
      demand(grant)
      const rows = touching(content, range).select(['content', 'at', 'length', 'block', 'extent', 'extent_at'])
      return (await rows.limit(most).execute()).map(readSpan)
    },

    async blockLengths(grant, content) {
      demand(grant)
      const rows = await db
        .selectFrom('content_pieces')
        .select(['block as id', 'at', 'length'])
        .where('content', '=', content)
        .orderBy('at')
        .execute()
      return rows.flatMap(({ id, ...where }) => (id === null ? [] : [{ id, ...where }]))
    },

    async namedAmong(grant, extents) {
      demand(grant, '/')
      const named = new Set<string>()
      for (const some of portionsOf(extents)) {
        for (const table of ['content_pieces', 'blob_blocks'] as const) {
          const rows = await db.selectFrom(table).select('extent').distinct().where('extent', 'in', some).execute()
          for (const { extent } of rows) if (extent !== null) named.add(extent)
        }
      }
      return named
    },
  }
}

function* portionsOf(extents: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < extents.length; i += 500) yield extents.slice(i, i + 500)
}

/** SQLite takes some 32,000 parameters in a statement, and a piece has seven. */
const rowsAtOnce = 1_000
/** SQLite keeps rows that it reads and writes in the same table in memory meanwhile; each may have 16 KiB. */
const partsAtOnce = 250

export function contentWrites(db: Kysely<Tables>): ContentWrites {
  return {
    ...contentReads(db),

    async add(grant, content, pieces) {
      demand(grant)
      for (let i = 0; i < pieces.length; i += rowsAtOnce) {
        const rows = pieces.slice(i, i + rowsAtOnce).map(piece => ({
          content,
          at: piece.at,
          length: piece.length,
          block: piece.block ?? null,
          ...('extent' in piece
            ? { extent: piece.extent, extent_at: piece.extentAt, bytes: null }
            : { extent: null, extent_at: 0, bytes: piece.bytes }),
        }))
        await db.insertInto('content_pieces').values(rows).execute()
      }
    },

    async assemble(grant, content, parts, from) {
      demand(grant)
      for (let i = 0; i < parts.length; i += partsAtOnce) {
        const some = parts.slice(i, i + partsAtOnce)
        const blocks = some.flatMap(part => ('block' in part ? [[part.at, part.block]] : []))
        const pieces = some.flatMap(part => ('pieceAt' in part ? [[part.at, part.pieceAt]] : []))
        // The parts lead, and each enters the other table by its key.
        if (blocks.length > 0)
          await sql`INSERT INTO content_pieces (content, at, length, block, extent, extent_at, bytes)
            SELECT ${content}, part.value ->> 0, b.length, b.block, b.extent, 0, b.bytes
            FROM json_each(${JSON.stringify(blocks)}) AS part CROSS JOIN blob_blocks AS b
            WHERE b.container = ${from.container} AND b.name = ${from.name} AND b.block = part.value ->> 1`.execute(db)
        if (pieces.length > 0)
          await sql`INSERT INTO content_pieces (content, at, length, block, extent, extent_at, bytes)
            SELECT ${content}, part.value ->> 0, p.length, p.block, p.extent, p.extent_at, p.bytes
            FROM json_each(${JSON.stringify(pieces)}) AS part CROSS JOIN content_pieces AS p
            WHERE p.content = ${from.content} AND p.at = part.value ->> 1`.execute(db)
      }
    },

    async copy(grant, from, to, at = 0) {
      demand(grant)
      await db
        .insertInto('content_pieces')
        .columns(['content', 'at', 'length', 'block', 'extent', 'extent_at', 'bytes'])
        .expression(eb =>
          eb
            .selectFrom('content_pieces')
            .select(piece => [
              piece.val(to).as('content'),
              piece('at', '+', at).as('at'),
              'length',
              'block',
              'extent',
              'extent_at',
              'bytes',
            ])
            .where('content', '=', from),
        )
        .execute()
    },

    async cut(grant, content, { from, length }) {
      demand(grant)
      await db
        .deleteFrom('content_pieces')
        .where('content', '=', content)
        .where('at', '>=', from)
        .where('at', '<', from + length)
        .execute()
    },

    async remove(grant, content) {
      demand(grant)
      await db.deleteFrom('content_pieces').where('content', '=', content).execute()
    },

    async noteUnreferenced(grant, extents, now) {
      demand(grant, '/')
      const known = new Map<string, number>()
      for (const some of portionsOf(extents)) {
        await db
          .insertInto('unreferenced_extents')
          .values(some.map(extent => ({ extent, since: now })))
          .onConflict(conflict => conflict.doNothing())
          .execute()
        const rows = await db.selectFrom('unreferenced_extents').selectAll().where('extent', 'in', some).execute()
        for (const { extent, since } of rows) known.set(extent, since)
      }
      return known
    },

    async forgetUnreferenced(grant, extents) {
      demand(grant, '/')
      for (const some of portionsOf(extents))
        await db.deleteFrom('unreferenced_extents').where('extent', 'in', some).execute()
    },
  }
}
