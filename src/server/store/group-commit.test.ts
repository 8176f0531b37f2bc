import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { groupCommit } from './group-commit.ts'

test('when the disk is full nothing of the batch is kept, and the reason is told', async t => {
  const db = new DatabaseSync(':memory:')
  t.after(() => db.close())
  db.exec('CREATE TABLE texts (text TEXT); PRAGMA max_page_count = 10')
  const { run } = groupCommit(db, cause => new Error('not written', { cause }))
  const put = (length: number) => run(async () => db.prepare('INSERT INTO texts VALUES (?)').run('x'.repeat(length)))

  const outcomes = await Promise.allSettled([put(1), put(100_000)])
  assert.deepEqual(
    outcomes.map(outcome => outcome.status === 'rejected' && outcome.reason.cause.message),
    ['database or disk is full', 'database or disk is full'],
  )
  await put(2)
  assert.deepEqual({ ...db.prepare('SELECT length(text) AS length FROM texts').get() }, { length: 2 })
})

test('what is asked for when the database is closed is refused, each time', async () => {
  const db = new DatabaseSync(':memory:')
  const { run, settled } = groupCommit(db, cause => new Error('not written', { cause }))
  db.close()
  for (let time = 0; time < 2; time++)
    await assert.rejects(
      run(async () => undefined),
      /not written/,
    )
  await settled()
})
