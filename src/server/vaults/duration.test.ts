import assert from 'node:assert/strict'
import { test } from 'node:test'
import { earlier, later, parseDuration } from './duration.ts'

const at = (text: string) => Date.parse(text)

for (const [text, from, after, before] of [
  ['P30D', '2026-01-31T10:00:00Z', '2026-03-02T10:00:00Z', '2026-01-01T10:00:00Z'],
  ['P1M', '2026-01-31T10:00:00Z', '2026-02-28T10:00:00Z', '2025-12-31T10:00:00Z'],
  ['P1Y10D', '2024-02-29T00:00:00Z', '2025-03-10T00:00:00Z', '2023-02-19T00:00:00Z'],
  ['PT48H', '2026-01-02T00:00:00Z', '2026-01-04T00:00:00Z', '2025-12-31T00:00:00Z'],
  ['P1W', '2026-01-08T00:00:00Z', '2026-01-15T00:00:00Z', '2026-01-01T00:00:00Z'],
  ['P0D', '2026-01-08T00:00:00Z', '2026-01-08T00:00:00Z', '2026-01-08T00:00:00Z'],
] as const) {
  test(`${text} leads from ${from} to ${after}, and back to ${before}`, () => {
    const duration = parseDuration(text)
    assert.ok(duration)
    assert.equal(later(at(from), duration), at(after))
    assert.equal(earlier(at(from), duration), at(before))
  })
}

test('what is no duration of ISO 8601 is none', () => {
  for (const text of [
    '',
    'P',
    'PT',
    '30D',
    'P-3D',
    'P3',
    'P1.5D',
    'P1D ',
    'p1d',
    'P1DT',
    'PT1D',
    'P1D1Y',
    'P99999999D',
  ])
    assert.equal(parseDuration(text), undefined, text)
})
