import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** A row's last column: `path/of.test.ts`, and after a colon what is said of tests in it, separated by a middle dot. */
function claims(): { id: string; file: string; titles: string[] }[] {
  const rows = readFileSync(join(root, 'docs/api-coverage.md'), 'utf8').matchAll(
    /^\| (\d{3}-\d{2}) \|.*\| ([^|]+) \|$/gm,
  )
  return [...rows].flatMap(([, id = '', tests = '']) =>
    tests.split('<br>').map(claim => {
      const [, file = '', titles = ''] = /^`([^`]+)`(?:: (.*))?$/.exec(claim.trim()) ?? []
      return { id, file, titles: titles === '' ? [] : titles.split(' · ') }
    }),
  )
}

test('every test that the coverage table names is there', () => {
  const all = claims()
  assert.ok(all.length > 10)
  for (const { id, file, titles } of all) {
    assert.ok(file !== '' && existsSync(join(root, file)), `${id} names ${file || 'no file'}`)
    const source = readFileSync(join(root, file), 'utf8')
    for (const title of titles) assert.ok(source.includes(title), `${id} names "${title}", which ${file} does not have`)
  }
})

test('no id stands in the coverage table twice', () => {
  const ids = [...readFileSync(join(root, 'docs/api-coverage.md'), 'utf8').matchAll(/^\| (\d{3}-\d{2}) \|/gm)].map(
    ([, id]) => id,
  )
  assert.deepEqual(ids, [...new Set(ids)])
})
