import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemGrant } from '../access/grant.ts'
import type { AuditRow } from './audit-log.ts'
import { openTestStore } from './testing.ts'

const row = (n: number): AuditRow => ({
  ...{ at: n, request_id: `request ${n}`, correlation_id: `correlation ${n}`, plane: `plane ${n}` },
  ...{ operation: `operation ${n}`, scope_key: `/scope-${n}`, caller: `caller ${n}`, caller_name: `name ${n}` },
  ...{ source_address: `address ${n}`, outcome: 'Succeeded', status: 200 + n, changes: 0, detail: `detail ${n}` },
})

test('however many rows are written at once, each is kept whole and they stay in order', async t => {
  const { store } = await openTestStore(t)
  const noted: AuditRow[] = []
  for (const amount of [1, 15, 16, 17, 49]) {
    for (let n = 0; n < amount; n++) {
      const one = row(noted.length)
      noted.push(one)
      await store.appendAudit(one)
    }
    await store.flush()
  }
  const filter = { below: '/', changesOnly: false, from: 0, to: noted.length, limit: noted.length + 1 }
  const found = await store.audit.list(systemGrant('test'), filter)
  assert.deepEqual(
    found.reverse().map(({ sequence, ...one }) => one),
    noted,
  )
})
