import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, parseDuration } from './duration.ts'

const hour = 3_600_000

for (const [text, ms] of [
  ['+30d', 30 * 24 * hour],
  ['-1h', -hour],
  ['90s', 90_000],
  ['+1w2d', 9 * 24 * hour],
  ['-1h30m', -1.5 * hour],
  ['0s', 0],
] as const) {
  test(`${text} is a duration of ${ms} ms`, () => assert.equal(parseDuration(text) ?? 'none', ms))
}

for (const text of ['', '+', '30', '5q', '+1.5h', '1h tomorrow', '--json', 'reset']) {
  test(`"${text}" is no duration`, () => assert.equal(parseDuration(text), undefined))
}

for (const [ms, text] of [
  [30 * 24 * hour, '+30d'],
  [-1.5 * hour, '-1h30m'],
  [61_500, '+1m1s'],
  [0, '+0s'],
] as const) {
  test(`${ms} ms are written as ${text}`, () => assert.equal(formatDuration(ms), text))
}
