import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { resourceId } from '../../wire/resource-id.ts'
import { type Grant, issueGrant, systemGrant } from '../access/grant.ts'
import type { AuditRow } from './audit-log.ts'
import { migrate } from './migrate.ts'
import { openStore } from './open.ts'
import { DatabaseRefused, databaseFile, kyselyOver, openForReading, openForWriting } from './sqlite.ts'
import { openTestStore, temporaryDirectory } from './testing.ts'

const everything = systemGrant('test')
const group = (name: string) => resourceId(`/subscriptions/s/resourceGroups/${name}`)

test('what was written is there after closing and opening again', async t => {
  const first = await openTestStore(t)
  await first.store.write(tx => tx.resources.put(everything, group('G1'), { location: 'westus', properties: {} }))
  await first.close()

  const again = await openTestStore(t, first.directory)
  const found = await again.store.resources.get(everything, group('g1'))
  assert.equal(found?.id.text, '/subscriptions/s/resourceGroups/G1')
})

test('work that throws takes back itself and nothing that was committed with it', async t => {
  const { store } = await openTestStore(t)
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(n =>
      store.write(async tx => {
        await tx.resources.put(everything, group(`g${n}`), { properties: {} })
        if (n === 2) throw new Error('no')
      }),
    ),
  )
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  const listed = await store.resources.list(everything, { in: '/subscriptions/s' }, { limit: 10 })
  assert.deepEqual(
    listed.map(({ id }) => id.name),
    ['g1', 'g3'],
  )
})

test('readers do not see what is not committed yet', async t => {
  const { store } = await openTestStore(t)
  await store.write(async tx => {
    await tx.resources.put(everything, group('g'), { properties: {} })
    assert.equal(await store.resources.get(everything, group('g')), undefined)
  })
  assert.ok(await store.resources.get(everything, group('g')))
})

test('a page is filled with what the grant may show, and goes on behind the last id', async t => {
  const { store } = await openTestStore(t)
  await store.write(async tx => {
    for (let n = 0; n < 50; n++)
      await tx.resources.put(everything, group(`g${String(n).padStart(2, '0')}`), { properties: {} })
  })
  const grant = issueGrant({
    verb: 'read',
    action: 'test/read',
    scope: '/subscriptions/s',
    onlyBelow: [40, 44, 48].map(n => group(`g${n}`).text),
  })
  const first = await store.resources.list(grant, { in: '/subscriptions/s' }, { limit: 2 })
  const second = await store.resources.list(
    grant,
    { in: '/subscriptions/s' },
    { limit: 2, after: first.at(-1)?.id.key ?? '' },
  )
  assert.deepEqual(
    [first, second].map(page => page.map(({ id }) => id.name)),
    [['g40', 'g44'], ['g48']],
  )
})

test('the store refuses a grant that does not reach, and one that authorize did not issue', async t => {
  const { store } = await openTestStore(t)
  const elsewhere = issueGrant({ verb: 'read', action: 'test/read', scope: group('a').text })
  await assert.rejects(store.resources.get(elsewhere, group('ab')), /does not reach/)
  const forged = { ...everything } as Grant
  await assert.rejects(store.resources.get(forged, group('a')), /did not issue/)
})

test('rows of the audit log are written with the next commit', async t => {
  const { store } = await openTestStore(t)
  const row = {
    at: 1,
    request_id: 'r',
    correlation_id: 'c',
    plane: 'arm',
    operation: 'o',
    scope_key: '/subscriptions/s',
    caller: 'x',
    caller_name: '',
    source_address: '',
    outcome: 'Accepted',
    status: 202,
    changes: 1,
    detail: '',
  } as const
  store.appendAudit(row)
  await store.write(() => Promise.reject(new Error('the work fails'))).catch(() => undefined)
  const filter = { below: '/', changesOnly: true, from: 0, to: 2, limit: 10 }
  assert.equal((await store.audit.list(everything, filter)).length, 1)
  assert.equal((await store.audit.list(everything, { ...filter, below: '/subscriptions/other' })).length, 0)
})

test('a secret opens under its own name only, and only unaltered', async t => {
  const { store } = await openTestStore(t)
  const sealed = store.sealing.seal('one', 'the secret')
  assert.equal(store.sealing.open('one', sealed).toString(), 'the secret')
  assert.throws(() => store.sealing.open('two', sealed))
  const altered = Uint8Array.from(sealed)
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
  assert.throws(() => store.sealing.open('one', altered))
})

test('a damaged database is refused and left as it is', async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const file = join(directory, 'lazuli.sqlite')
  const bytes = readFileSync(file)
  bytes.fill(0x5a, 4096, 12_288)
  writeFileSync(file, bytes)
  await assert.rejects(openTestStore(t, directory), DatabaseRefused)
  assert.deepEqual(readFileSync(file), bytes)
})

test('a database that has become empty is refused: it is none that was never written', async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const file = join(directory, 'lazuli.sqlite')
  writeFileSync(file, '')
  await assert.rejects(openTestStore(t, directory), /lazuli\.sqlite is damaged \(it is empty\)/)
  assert.equal(readFileSync(file).length, 0)
})

test('no new database is made beside the latest changes of one that is gone', async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const file = join(directory, 'lazuli.sqlite')
  rmSync(file)
  writeFileSync(`${file}-wal`, 'changes')
  await assert.rejects(openTestStore(t, directory), /Put the database back, or move that file away, too/)
  assert.equal(readFileSync(`${file}-wal`, 'utf8'), 'changes')
})

test('what a start that was killed has left of a new database is in nobody’s way', async t => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'lazuli.sqlite.new'), '')
  const { close } = await openTestStore(t, directory)
  await close()
  assert.deepEqual(readdirSync(directory).sort(), ['lazuli.sqlite', 'master.key'])
})

test('a file that is no database is refused and left as it is', async t => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'lazuli.sqlite')
  writeFileSync(file, 'not a database, but long enough to have a header of one hundred bytes'.repeat(9))
  writeFileSync(join(directory, 'master.key'), Buffer.alloc(32).toString('base64'))
  const before = readFileSync(file)
  await assert.rejects(openTestStore(t, directory), DatabaseRefused)
  assert.deepEqual(readFileSync(file), before)
})

test('a database of a newer Lazuli is refused', async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const db = new DatabaseSync(join(directory, 'lazuli.sqlite'))
  db.exec('PRAGMA user_version = 999')
  db.close()
  await assert.rejects(openTestStore(t, directory), /written by a newer Lazuli/)
})

test('a missing, broken or exchanged master key is refused with its path', async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const key = join(directory, 'master.key')
  writeFileSync(key, Buffer.alloc(32, 7).toString('base64'))
  await assert.rejects(openTestStore(t, directory), /is not the one this database was sealed with/)
  writeFileSync(key, 'half a k')
  await assert.rejects(openTestStore(t, directory), new RegExp(`${key} is no master key`))
  rmSync(key)
  await assert.rejects(openTestStore(t, directory), /which is missing/)
})

test('a disk that is full while the tables are made is what the failure says', async t => {
  const file = join(temporaryDirectory(t), 'small.sqlite')
  const raw = openForWriting(file)
  t.after(() => raw.close())
  raw.exec('PRAGMA max_page_count = 3')
  await assert.rejects(migrate(raw, kyselyOver(raw), file), { message: 'database or disk is full', errcode: 13 })
})

test('nobody but its owner can read the database, in whatever folder it lies', async t => {
  const { store, directory } = await openTestStore(t)
  chmodSync(directory, 0o755)
  await store.write(tx => tx.settings.put(everything, 'a', 'b'))
  for (const name of ['lazuli.sqlite', 'lazuli.sqlite-wal', 'lazuli.sqlite-shm']) {
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name)
  }
})

test('audit rows that cannot be written are kept up to a number, and are written when they can be', async t => {
  const directory = temporaryDirectory(t)
  const failures: unknown[] = []
  const store = await openStore({
    directory,
    masterKeyFile: join(directory, 'master.key'),
    clock: { now: Date.now },
    onAuditFailure: error => failures.push(error),
  })
  const other = new DatabaseSync(join(directory, 'lazuli.sqlite'))
  t.after(async () => {
    other.close()
    await store.close()
  })
  other.exec('ALTER TABLE audit RENAME TO elsewhere')
  const row: AuditRow = {
    ...{ at: 1, request_id: 'r', correlation_id: 'c', plane: 'arm', operation: 'o', scope_key: '/', caller: 'someone' },
    ...{ caller_name: '', source_address: '', outcome: 'Succeeded', status: 200, changes: 0, detail: '' },
  }
  for (let n = 0; n < 10_000; n++) assert.equal(store.appendAudit(row), undefined)
  await assert.rejects(async () => store.appendAudit(row), /no such table/)
  await assert.rejects(async () => store.appendAudit(row), /no such table/)

  other.exec('ALTER TABLE elsewhere RENAME TO audit')
  await store.appendAudit(row)
  await store.flush()
  assert.equal(other.prepare('SELECT count(*) AS rows FROM audit').get()?.rows, 10_001)
})

test('a sort too large for the cache makes no file outside the data directory', {
  skip: process.platform !== 'linux' && 'only Linux shows which files are open',
}, async t => {
  const { directory, close } = await openTestStore(t)
  await close()
  const file = join(directory, databaseFile)
  for (const db of [openForWriting(file), openForReading(file)]) {
    t.after(() => db.close())
    const manyLongRows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
      SELECT hex(randomblob(200)) AS text FROM n ORDER BY text`
    for (const row of db.prepare(manyLongRows).iterate()) {
      assert.ok(row.text)
      assert.deepEqual(
        openFiles().filter(path => path.includes('etilqs')),
        [],
      )
      break
    }
  }
})

const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The folder itself was open while it was listed.
      return []
    }
  })
