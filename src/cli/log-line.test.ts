import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { readableLogLine } from './log-line.ts'

const readable = (line: string) => stripVTControlCharacters(readableLogLine(line))

test('a log line is shown as time, level, message and what else it carries', () => {
  const line = JSON.stringify({ level: 40, time: Date.UTC(2026, 0, 2, 3, 4, 5, 6), msg: 'slow', machine: 'web1' })
  assert.equal(readable(line), '03:04:05.006 warn slow {"machine":"web1"}')
})

test('an error in a log line is shown with its stack', () => {
  const line = JSON.stringify({ level: 50, time: 0, msg: 'failed', err: { message: 'no', stack: 'Error: no\n  at x' } })
  assert.equal(readable(line), '00:00:00.000 error failed\nError: no\n  at x')
})

for (const line of ['plain text', '', '{not json']) {
  test(`a line that is no log entry is shown as it is: "${line}"`, () => assert.equal(readable(line), line))
}
