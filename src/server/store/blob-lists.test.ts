import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Kysely } from 'kysely'
import { systemGrant } from '../access/grant.ts'
import { type BlobContainer, blobContainerReads } from './blob-containers.ts'
import { blobReads, blobWrites, type StoredBlob } from './blobs.ts'
import { contentReads, contentWrites } from './contents.ts'
import { migrate } from './migrate.ts'
import * as storage from './migrations/0003-storage.ts'
import * as tagOrder from './migrations/0006-tag-order.ts'
import * as purgeTimes from './migrations/0009-purge-times.ts'
import * as countedBlobs from './migrations/0011-counted-blobs.ts'
import { afresh } from './remember.ts'
import { databaseFile, kyselyOver, openForWriting } from './sqlite.ts'
import type { StorageAccount } from './storage-accounts.ts'
import { temporaryDirectory } from './testing.ts'

const grant = systemGrant('test')
const container = { number: 1, id: '/ctr' } as BlobContainer
const account = { number: 1, id: '/acct' } as StorageAccount

/** How SQLite goes about what is asked of an empty database: it chooses by the indexes, and not by what is in them. */
async function planner(t: TestContext) {
  const file = join(temporaryDirectory(t), databaseFile)
  const raw = openForWriting(file)
  const db = kyselyOver(raw)
  t.after(() => db.destroy())
  await migrate(raw, db, file)
  const prepare = raw.prepare.bind(raw)
  const planOf = async (ask: () => Promise<unknown>) => {
    const asked: string[] = []
    raw.prepare = sql => {
      asked.push(sql)
      return prepare(sql)
    }
    await ask()
    raw.prepare = prepare
    return asked.flatMap(sql => prepare(`EXPLAIN QUERY PLAN ${sql}`).all()).map(({ detail }) => String(detail))
  }
  return { db, planOf }
}

test('every kind of list enters an index where its page begins, and sorts nothing', async t => {
  const { db, planOf } = await planner(t)
  const blobs = blobReads(db)
  const after = { name: 'ab' }
  const position = { tag: 't', value: 'v', name: 'ab' }
  const byName = 'blobs USING INDEX blobs_by_name'
  const byTag = 'SEARCH blob_tags USING INDEX blob_tags_by_value'
  const ofTag = 'SEARCH blobs USING INTEGER PRIMARY KEY (rowid=?)'
  const kinds: [ask: () => Promise<unknown>, plan: string[]][] = [
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: false, versions: false, limit: 9 }),
      [`SEARCH ${byName} (container=? AND name>? AND name<?)`],
    ],
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: false, versions: false, after, limit: 9 }),
      [`SEARCH ${byName} (container=? AND name>? AND name<?)`],
    ],
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: true, versions: false, limit: 9 }),
      [`SEARCH ${byName} (container=? AND name>? AND name<?)`],
    ],
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: true, versions: false, after, limit: 9 }),
      [`SEARCH ${byName} (container=? AND (name,snapshot)>(?,?) AND name<?)`],
    ],
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: false, versions: true, after, limit: 9 }),
      [`SEARCH ${byName} (container=? AND (name,snapshot)>(?,?) AND name<?)`],
    ],
    [
      () => blobs.list(grant, container, { prefix: 'a', snapshots: true, versions: true, after, limit: 9 }),
      [`SEARCH ${byName} (container=? AND (name,snapshot)>(?,?) AND name<?)`],
    ],
    [() => blobs.latestVersion(grant, container, 'a'), [`SEARCH ${byName} (container=? AND name=? AND snapshot<?)`]],
    [() => blobs.snapshots(grant, container, 'a'), [`SEARCH ${byName} (container=? AND name=? AND snapshot<?)`]],
    [() => blobs.deleted(grant, container, 'a'), [`SEARCH ${byName} (container=? AND name=?)`]],
    [
      () => blobs.latestTime(grant, container, 'a'),
      ['SEARCH blobs USING COVERING INDEX blobs_by_name (container=? AND name=? AND snapshot<?)'],
    ],
    [
      () => blobs.tagged(grant, container, { tag: 't', most: 'w', after: position, limit: 9 }),
      [`${byTag} (container=? AND name=? AND (value,blob_name)>(?,?) AND value<?)`, ofTag],
    ],
    [
      () => blobs.tagged(grant, container, { after: position, limit: 9 }),
      [`${byTag} (container=? AND (name,value,blob_name)>(?,?,?))`, ofTag],
    ],
    [
      () => blobs.uncommitted(grant, container, { prefix: 'a', after: 'ab', limit: 9 }),
      ['SEARCH blob_blocks USING COVERING INDEX sqlite_autoindex_blob_blocks_1 (container=? AND name>? AND name<?)'],
    ],
    [
      () => blobs.uncommitted(grant, container, { prefix: 'a', after: '', limit: 9 }),
      ['SEARCH blob_blocks USING COVERING INDEX sqlite_autoindex_blob_blocks_1 (container=? AND name>? AND name<?)'],
    ],
    [
      () => blobs.blockLengths(grant, container, 'a'),
      ['SEARCH blob_blocks USING INDEX sqlite_autoindex_blob_blocks_1 (container=? AND name=?)'],
    ],
    [
      () => blobContainerReads(db, afresh).list(grant, account, { prefix: 'a', from: 'ab', limit: 9 }),
      ['SEARCH blob_containers USING INDEX blob_containers_by_name (account=? AND name>? AND name<?)'],
    ],
    [
      () => contentReads(db).pieces(grant, 'c', { from: 5, length: 5 }),
      [
        'SEARCH content_pieces USING INDEX sqlite_autoindex_content_pieces_1 (content=? AND at>? AND at<?)',
        'SCALAR SUBQUERY 1',
        'SEARCH content_pieces USING COVERING INDEX sqlite_autoindex_content_pieces_1 (content=? AND at<?)',
      ],
    ],
  ]
  for (const [ask, plan] of kinds) assert.deepEqual(await planOf(ask), plan)
})

test('blocks that nobody commits are found by their age', async t => {
  const { db, planOf } = await planner(t)
  assert.deepEqual(await planOf(() => blobWrites(db).expireBlocks(grant, 5, 9)), [
    'SEARCH blob_blocks USING INTEGER PRIMARY KEY (rowid=?)',
    'LIST SUBQUERY 1',
    'SEARCH blob_blocks USING COVERING INDEX blob_blocks_by_age (created_at<?)',
  ])
})

test('a blob is put together by the keys of its parts, in the order of the list', async t => {
  const { db, planOf } = await planner(t)
  const parts = [
    { at: 0, block: 'AAAA' },
    { at: 5, pieceAt: 7 },
  ]
  const from = { container: 1, name: 'b', content: 'old' }
  assert.deepEqual(await planOf(() => contentWrites(db).assemble(grant, 'new', parts, from)), [
    'SCAN part VIRTUAL TABLE INDEX 1:',
    'SEARCH b USING INDEX sqlite_autoindex_blob_blocks_1 (container=? AND name=? AND block=?)',
    'SCAN part VIRTUAL TABLE INDEX 1:',
    'SEARCH p USING INDEX sqlite_autoindex_content_pieces_1 (content=? AND at=?)',
  ])
})

test('blobs that were there before they were counted are counted', async t => {
  const raw = openForWriting(join(temporaryDirectory(t), databaseFile))
  const db = kyselyOver(raw)
  t.after(() => db.destroy())
  const anyTables = db as unknown as Kysely<unknown>
  await storage.up(anyTables)
  const columns = '(number, container, name, snapshot, kind, etag, length, created_at, changed_at, json)'
  const row = (number: number, container: number, length: number) =>
    `INSERT INTO blobs ${columns} VALUES (${number}, ${container}, '${number}', '~', 'BlockBlob', '', ${length}, 0, 0, '{}')`
  raw.exec([row(1, 1, 10), row(2, 1, 5), row(3, 2, 7)].join(';'))
  await countedBlobs.up(anyTables)
  raw.exec(`${row(4, 2, 1)}; UPDATE blobs SET length = 6 WHERE number = 2; DELETE FROM blobs WHERE number = 1`)
  const sizes = await db.selectFrom('blob_container_sizes').selectAll().execute()
  assert.deepEqual(
    sizes.map(size => ({ ...size })),
    [
      { container: 1, blobs: 1, bytes: 6 },
      { container: 2, blobs: 2, bytes: 8 },
    ],
  )
})

test('what nothing refers to any more is found by an index that has no rows for small blobs', async t => {
  const { db, planOf } = await planner(t)
  const blob = { number: 1, content: 'c' } as StoredBlob
  assert.deepEqual(await planOf(() => blobWrites(db).remove(grant, container, blob)), [
    'SEARCH blobs USING INTEGER PRIMARY KEY (rowid=?)',
    'SEARCH blob_tags USING COVERING INDEX sqlite_autoindex_blob_tags_1 (blob=?)',
    'SEARCH content_pieces USING COVERING INDEX sqlite_autoindex_content_pieces_1 (content=?)',
    'SCALAR SUBQUERY 1',
    'SEARCH blobs USING COVERING INDEX blobs_by_content (content=?)',
  ])
})

test('what has been kept long enough is found by an index that has rows for what is deleted alone', async t => {
  const { db, planOf } = await planner(t)
  const plan = await planOf(() => blobWrites(db).purge(grant, 1, 9))
  assert.equal(plan[0], 'SEARCH blobs USING INDEX blobs_by_purge (purge_at<?)')
})

test('what was deleted before is kept for as long as its account said then', async t => {
  const file = join(temporaryDirectory(t), databaseFile)
  const raw = openForWriting(file)
  const db = kyselyOver(raw)
  t.after(() => db.destroy())
  const anyTables = db as unknown as Kysely<unknown>
  await storage.up(anyTables)
  raw.exec(`
    INSERT INTO storage_accounts (number, name, id, id_key, sealed_keys, json, created_at)
      VALUES (1, 'a', '', 'a', x'', '{"service":{"deleteRetention":2}}', 0), (2, 'b', '', 'b', x'', '{"service":{}}', 0);
    INSERT INTO blob_containers (number, account, name, etag, json, created_at, changed_at)
      VALUES (1, 1, 'a', '', '{}', 0, 0), (2, 2, 'b', '', '{}', 0, 0);
    INSERT INTO blobs (number, container, name, snapshot, kind, etag, length, created_at, changed_at, deleted_at, json)
      VALUES (1, 1, 'kept', '~', 'BlockBlob', '', 0, 0, 0, 1000, '{}'),
        (2, 2, 'kept', '~', 'BlockBlob', '', 0, 0, 0, 1000, '{}'),
        (3, 1, 'there', '~', 'BlockBlob', '', 0, 0, 0, NULL, '{}')`)
  await purgeTimes.up(anyTables)
  assert.deepEqual(
    raw
      .prepare('SELECT number, purge_at, json FROM blobs ORDER BY number')
      .all()
      .map(row => ({ ...row })),
    [
      { number: 1, purge_at: 172_801_000, json: '{"purgeAt":172801000}' },
      { number: 2, purge_at: 1_000, json: '{"purgeAt":1000}' },
      { number: 3, purge_at: null, json: '{}' },
    ],
  )
})

test('tags that were there before the order of their pages are found as well', async t => {
  const raw = openForWriting(join(temporaryDirectory(t), databaseFile))
  const db = kyselyOver(raw)
  t.after(() => db.destroy())
  const anyTables = db as unknown as Kysely<unknown>
  await storage.up(anyTables)
  raw.exec(`
    INSERT INTO blobs (number, container, name, snapshot, kind, etag, length, created_at, changed_at, json)
      VALUES (5, 1, 'old', '~', 'BlockBlob', '', 0, 0, 0, '{}');
    INSERT INTO blob_tags (blob, container, name, value) VALUES (5, 1, 'tag', 'value')`)
  await tagOrder.up(anyTables)
  const found = await blobReads(db).tagged(grant, container, { tag: 'tag', limit: 9 })
  assert.deepEqual(
    found.map(({ position }) => position),
    [{ tag: 'tag', value: 'value', name: 'old' }],
  )
})
