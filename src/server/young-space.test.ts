import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

/** Makes objects that live for a while, as answers under way do, and prints how large the space for new ones became. */
const load = `
  import { getHeapSpaceStatistics } from 'node:v8'
  const living = []
  for (let n = 0; n < 2_000_000; n++) {
    living[n % 100_000] = { n, text: 'x' + n }
  }
  console.log(getHeapSpaceStatistics().find(space => space.space_name === 'new_space').space_size)`

function sizeAfterLoad(prologue: string): number {
  const argv = ['--input-type=module', '--eval', `${prologue}\n${load}`]
  return Number(execFileSync(process.execPath, argv, { cwd: import.meta.dirname, encoding: 'utf8' }))
}

test('the space for new objects does not grow under load', () => {
  const kept = sizeAfterLoad(`import { keepYoungSpace } from './young-space.ts'; keepYoungSpace()`)
  const free = sizeAfterLoad('')
  assert.ok(kept > 0 && free >= 2 * kept, `${kept} and ${free}`)
})
