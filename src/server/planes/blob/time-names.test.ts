import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeBehind } from './time-names.ts'

const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

test('a time that names something is now, or the next tick behind the latest one', () => {
  const cases: [latest: string | undefined, expected: string][] = [
    [undefined, '2026-01-02T03:04:05.6780000Z'],
    ['2026-01-02T03:04:05.6779999Z', '2026-01-02T03:04:05.6780000Z'],
    ['2026-01-02T03:04:05.6780000Z', '2026-01-02T03:04:05.6780001Z'],
    ['2026-01-02T03:04:05.6780099Z', '2026-01-02T03:04:05.6780100Z'],
    ['2026-01-02T03:04:05.6789999Z', '2026-01-02T03:04:05.6790000Z'],
    ['2026-12-31T23:59:59.9999999Z', '2027-01-01T00:00:00.0000000Z'],
  ]
  for (const [latest, expected] of cases) assert.equal(timeBehind(latest, now), expected)
})
