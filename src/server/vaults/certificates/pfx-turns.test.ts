import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { BundleParts } from '../../../certificate-bundle/parts.ts'
import { TookTooLong } from '../../../certificate-bundle/pfx/reader.ts'
import { AzureError } from '../../errors.ts'
import { openPfxTurns } from './pfx-turns.ts'

const none: BundleParts = { certificates: [], keys: [] }

test('a file that takes long to open holds up none but its likes', async t => {
  const begun: string[] = []
  const ends: (() => void)[] = []
  const turns = openPfxTurns({
    open: ({ limitMs } = {}) => ({
      async read(_file, password) {
        begun.push(`${password} ${limitMs ?? 'slow'}`)
        if (!password.startsWith('long')) return none
        if (limitMs !== undefined) throw new TookTooLong(limitMs)
        await new Promise<void>(resolve => ends.push(resolve))
        return none
      },
      close: async () => undefined,
    }),
  })
  t.after(() => turns.close())
  const read = (vault: string, password: string) => turns.of({ name: vault })(Buffer.of(), password)
  const greedy = ['long1', 'long2', 'long3'].map(file => read('greedy', file))
  assert.equal(await read('modest', 'short'), none)
  assert.deepEqual(begun.slice(0, 2), ['long1 2000', 'short 2000'])
  for (const one of greedy) {
    while (ends.length === 0) await turn()
    ends.shift()?.()
    assert.equal(await one, none)
  }
  assert.deepEqual(
    begun.filter(text => text.endsWith('slow')),
    ['long1 slow', 'long2 slow', 'long3 slow'],
  )
})

test('a vault with too many files that wait is told to come back, and others are not', async t => {
  const opened: (() => void)[] = []
  const turns = openPfxTurns({
    limits: { perKey: 1, inAll: 9 },
    open: () => ({
      read: () => new Promise(resolve => opened.push(() => resolve(none))),
      close: async () => undefined,
    }),
  })
  t.after(() => turns.close())
  const read = (vault: string) => turns.of({ name: vault })(Buffer.of(), '')
  const [first, second] = [read('a'), read('a')]
  await assert.rejects(
    read('a'),
    (error: unknown) =>
      error instanceof AzureError &&
      error.status === 429 &&
      error.code === 'Throttled' &&
      error.headers['Retry-After'] === '10',
  )
  const other = read('b')
  for (const one of [first, other, second]) {
    while (opened.length === 0) await turn()
    opened.shift()?.()
    assert.equal(await one, none)
  }
})

test('what is not open soon is opened again where there is more time, and refused when that is not enough', async t => {
  const limits: (number | undefined)[] = []
  const turns = openPfxTurns({
    open: ({ limitMs } = {}) => ({
      read: async () => {
        limits.push(limitMs)
        throw new TookTooLong(limitMs ?? 30_000)
      },
      close: async () => undefined,
    }),
  })
  t.after(() => turns.close())
  await assert.rejects(turns.of({ name: 'a' })(Buffer.of(), ''), /longer than 30000 ms/)
  assert.deepEqual(limits, [2000, undefined])
})
