import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemGrant } from '../access/grant.ts'
import { type AuditRow, auditReads } from './audit-log.ts'
import { auditPruner } from './audit-pruning.ts'
import { kyselyOver } from './sqlite.ts'
import { openTestStore } from './testing.ts'

const everything = systemGrant('test')
const row = (caller: string): AuditRow => ({
  ...{
    at: 1,
    request_id: 'r',
    correlation_id: 'c',
    plane: caller === 'agent' ? 'machine' : 'arm',
    operation: 'o',
    scope_key: '/',
    caller,
  },
  ...{ caller_name: '', source_address: '', outcome: 'Denied', status: 401, changes: 0, detail: '' },
})

test('old rows of nobody in particular are removed, and those of callers stay', async t => {
  const { store, directory } = await openTestStore(t)
  const callers = Array.from({ length: 12_000 }, (_, n) =>
    n % 3000 === 0 ? 'someone' : (['anonymous', 'rejected', 'agent'][n % 3] ?? ''),
  )
  for (const caller of callers) await store.appendAudit(row(caller))
  await store.flush()

  const db = new DatabaseSync(join(directory, 'lazuli.sqlite'))
  t.after(() => db.close())
  const prune = auditPruner(db, 10)
  const more = [prune(), prune(), prune(), prune()]
  assert.deepEqual(more, [true, true, false, false])
  const left = await auditReads(kyselyOver(db)).list(everything, {
    ...{ below: '/', changesOnly: false, from: 0, to: 2, limit: 100 },
  })
  assert.deepEqual(
    left.map(({ sequence }) => sequence),
    [...Array.from({ length: 10 }, (_, n) => 12_000 - n), 9001, 6001, 3001, 1],
  )
})
