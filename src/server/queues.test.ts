import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { atMost, inTurns, oneByOne, QueueFull } from './queues.ts'

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

test('keys take turns, whoever has the most tasks', async () => {
  const { begun, task, end } = tasks()
  const turns = inTurns({ perKey: 9, inAll: 9 })
  const all = Promise.all(['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map(name => turns.run(name.slice(0, 1), task(name))))
  await turn()
  const order = ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']
  for (const [at, name] of order.entries()) {
    assert.deepEqual(begun, order.slice(0, at + 1))
    await end(name)
  }
  assert.deepEqual(await all, ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'])
  const again = turns.run('a', task('a4'))
  await turn()
  await end('a4')
  assert.equal(await again, 'a4')
})

test('too many that wait are refused, of one key and in all, and a task that fails lets the next begin', async () => {
  const { begun, task, end } = tasks()
  const turns = inTurns({ perKey: 2, inAll: 3 })
  const outcome = (name: string, work = task(name)) =>
    turns.run(name.slice(0, 1), work).catch((error: Error) => (error instanceof QueueFull ? 'full' : error.message))
  const failing = outcome('a0', () => turn().then(() => Promise.reject(new Error('no'))))
  const waiting = ['a1', 'a2', 'b1'].map(name => outcome(name))
  assert.deepEqual(await Promise.all([outcome('a3'), outcome('c1')]), ['full', 'full'])
  assert.equal(await failing, 'no')
  await turn()
  assert.deepEqual(begun, ['b1'])
  waiting.push(outcome('c1'))
  turns.close()
  waiting.push(outcome('d1'))
  await end('b1')
  assert.deepEqual(await Promise.all(waiting), ['full', 'full', 'b1', 'full', 'full'])
  assert.deepEqual(begun, ['b1'])
})
