import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedCache } from './bounded-cache.ts'

const held = (cache: { get(key: string): unknown }, keys: string[]) => keys.filter(key => cache.get(key) !== undefined)

test('a cache never holds more than its limit and drops what was used longest ago', () => {
  const cache = boundedCache<number>(4)
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  for (const [value, key] of keys.entries()) cache.set(key, value)
  assert.deepEqual(held(cache, keys), ['e', 'f', 'g'])
})

test('an entry that is used again and again outlives those that are not', () => {
  const cache = boundedCache<number>(4)
  cache.set('used', 0)
  for (let at = 0; at < 100; at++) {
    cache.set(`other ${at}`, at)
    assert.equal(cache.get('used'), 0)
  }
  assert.equal(cache.get('other 0'), undefined)
})

test('a key that is set again has its new value only', () => {
  const cache = boundedCache<number>(2)
  cache.set('a', 1)
  cache.set('b', 2)
  cache.set('a', 3)
  assert.equal(cache.get('a'), 3)
  cache.set('a', 4)
  assert.equal(cache.get('a'), 4)
})

test('entries are dropped by the beginning of their keys, in both generations', () => {
  const cache = boundedCache<number>(4)
  const keys = ['m1 a', 'm2 a', 'm1 b', 'm10 c']
  for (const [value, key] of keys.entries()) cache.set(key, value)
  cache.dropPrefix('m1 ')
  assert.deepEqual(held(cache, keys), ['m2 a', 'm10 c'])
})
