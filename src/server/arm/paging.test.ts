import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../errors.ts'
import { page, pageOf, pageSize, readPassing } from './paging.ts'

const url = (query = '') => new URL(`https://localhost:4443/things?api-version=1${query}`)
const keyOf = (row: string) => row
const shown = (rows: readonly string[]) => rows.map(row => ({ name: row }))

test('a page that holds all there is has no nextLink', () => {
  assert.deepEqual(page(url(), 2, ['a', 'b'], keyOf, shown), { value: [{ name: 'a' }, { name: 'b' }] })
  assert.deepEqual(page(url(), 2, [], keyOf, shown), { value: [] })
})

test('a nextLink is the same request, and goes on behind the last row shown', () => {
  const { value, nextLink } = page(url('&$filter=x'), 2, ['a', 'b/ü', 'c'], keyOf, shown)
  assert.deepEqual(value, [{ name: 'a' }, { name: 'b/ü' }])
  assert.ok(nextLink)
  const next = new URL(nextLink)
  assert.deepEqual(
    [next.origin, next.pathname, next.searchParams.get('api-version'), next.searchParams.get('$filter')],
    ['https://localhost:4443', '/things', '1', 'x'],
  )
  assert.deepEqual(pageOf(next), { limit: pageSize, after: 'b/ü' })
})

test('$top bounds a page, up to a thousand', () => {
  assert.deepEqual(pageOf(url('&$top=3')), { limit: 3 })
  assert.deepEqual(pageOf(url('&$top=5000')), { limit: 1000 })
  for (const top of ['0', '-1', '1.5', 'many', '']) {
    assert.throws(
      () => pageOf(url(`&$top=${top}`)),
      (error: unknown) => error instanceof AzureError && error.status === 400 && error.code === 'InvalidTopParameter',
      top,
    )
  }
})

test('rows that do not pass are skipped until the page is full or nothing is left', async () => {
  const rows = Array.from({ length: 1000 }, (_, n) => String(n).padStart(4, '0'))
  const asked: (string | undefined)[] = []
  const read = async ({ limit, after }: { limit: number; after?: string }) => {
    asked.push(after)
    const from = after === undefined ? 0 : rows.indexOf(after) + 1
    return rows.slice(from, from + limit)
  }
  const every300th = (row: string) => Number(row) % 300 === 0
  assert.deepEqual(await readPassing({ limit: 2 }, read, keyOf, every300th), ['0000', '0300', '0600'])
  assert.deepEqual(asked, [undefined, '0199', '0399', '0599'])
  assert.deepEqual(await readPassing({ limit: 2, after: '0600' }, read, keyOf, every300th), ['0900'])
  assert.deepEqual(await readPassing({ limit: 2 }, read, keyOf, () => false), [])
})
