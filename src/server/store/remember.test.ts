import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilNextWrite } from './remember.ts'

function counted() {
  let revision = 1
  const asked: string[] = []
  const rows = new Map([['a', ['first']]])
  const find = untilNextWrite(() => revision)(async (key: string) => {
    asked.push(key)
    return rows.get(key)
  })
  return { find, asked, rows, write: () => revision++ }
}

test('what was found, or not found, is not looked up again until something is written', async () => {
  const { find, asked, rows, write } = counted()
  assert.deepEqual(
    [await find('a'), await find('a'), await find('b'), await find('b')],
    [['first'], ['first'], undefined, undefined],
  )
  assert.deepEqual(asked, ['a', 'b'])

  rows.set('b', ['second'])
  write()
  assert.deepEqual([await find('b'), await find('a')], [['second'], ['first']])
  assert.deepEqual(asked, ['a', 'b', 'b', 'a'])
})

test('a long key is not kept, because there is no knowing who sent it', async () => {
  const { find, asked } = counted()
  const long = 'x'.repeat(2_000)
  await find(long)
  await find(long)
  assert.deepEqual(asked, [long, long])
})

test('what is looked up while something is written is not remembered', async () => {
  const { find, asked, rows, write } = counted()
  const before = find('a')
  rows.set('a', ['changed'])
  write()
  assert.deepEqual(await before, ['first'])
  assert.deepEqual(await find('a'), ['changed'])
  assert.deepEqual(asked, ['a', 'a'])
})

test('nobody can change what others are handed, too', async () => {
  const { find } = counted()
  const row = await find('a')
  assert.throws(() => row?.push('more'), TypeError)
})

test('two keys of several values are never taken for one another', async () => {
  const asked: object[] = []
  const find = untilNextWrite(() => 1)(async (key: Record<string, string | number>) => {
    asked.push(key)
    return key
  })
  const keys = [
    { a: 'x', b: 'y' },
    { a: 'xy', b: '' },
    { a: 'x,1:y' },
    { b: 'x', a: 'y' },
    { a: 'x', b: 'y', c: '' },
    { a: 'x,b:1:y' },
    { a: 'x' },
    { b: 'x' },
    { 'a:1': 'x' },
  ]
  for (const key of [...keys, ...keys]) assert.deepEqual(await find(key), key)
  assert.equal(asked.length, keys.length)
})
