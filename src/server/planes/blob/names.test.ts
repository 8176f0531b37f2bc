import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBlobName } from './names.ts'

test('the name of a blob has so many characters and segments, and no more', () => {
  for (const name of ['a', 'x'.repeat(1024), Array(254).fill('a').join('/')]) checkBlobName(name)
  for (const name of ['', 'x'.repeat(1025), Array(255).fill('a').join('/'), '/'.repeat(254)])
    assert.throws(() => checkBlobName(name), { code: 'OutOfRangeInput', status: 400 })
})
