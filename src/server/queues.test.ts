import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { atMost, oneByOne } from './queues.ts'

/** Tasks that end when told to, and a record of when they began. */
function tasks() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    task: (name: string) => () => {
      begun.push(name)
      return new Promise<string>(resolve => ends.set(name, () => resolve(name)))
    },
    async end(name: string) {
      ends.get(name)?.()
      await turn()
    },
  }
}

test('no more than the limit run at once, and the others follow in order', async () => {
  const { begun, task, end } = tasks()
  const limited = atMost(2)
  const all = Promise.all(['a', 'b', 'c', 'd'].map(name => limited(task(name))))
  assert.deepEqual(begun, ['a', 'b'])
  await end('b')
  assert.deepEqual(begun, ['a', 'b', 'c'])
  await end('a')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
  await end('c')
  await end('d')
  assert.deepEqual(await all, ['a', 'b', 'c', 'd'])
})

test('a task that fails gives its place to the next', async () => {
  const limited = atMost(1)
  const failed = limited(() => Promise.reject(new Error('no')))
  const next = limited(async () => 'next')
  await assert.rejects(failed, /no/)
  assert.equal(await next, 'next')
})

test('tasks of one key run one after the other, those of another key beside them, also after a failure', async () => {
  const { begun, task, end } = tasks()
  const inTurn = oneByOne()
  const first = inTurn('x', async () => {
    await task('x1')()
    throw new Error('no')
  })
  const second = inTurn('x', task('x2'))
  const other = inTurn('y', task('y1'))
  await turn()
  assert.deepEqual(begun.sort(), ['x1', 'y1'])
  await Promise.all([assert.rejects(first, /no/), end('x1')])
  await turn()
  assert.deepEqual(begun.sort(), ['x1', 'x2', 'y1'])
  await end('x2')
  await end('y1')
  assert.deepEqual(await Promise.all([second, other]), ['x2', 'y1'])
})
