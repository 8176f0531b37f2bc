import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLazuli } from '../testing/open-lazuli.ts'

test('a caller cannot make the row of a request as long as it likes', async t => {
  const lazuli = await openLazuli(t)
  const path = `${lazuli.subscription}/resourceGroups/${'A'.repeat(50_000)}?api-version=2022-09-01`
  assert.equal((await lazuli.request('GET', path)).status, 401)
  const [row] = await lazuli.auditRows()
  assert.equal(row?.scope_key.length, 1024)
  assert.ok(row?.scope_key.startsWith(`${lazuli.subscription.toLowerCase()}/resourcegroups/aaa`))
})
