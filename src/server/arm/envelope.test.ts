import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { AzureError } from '../errors.ts'
import { checked, normalLocation, patchedTags, putBody, storable, withoutNulls } from './envelope.ts'

const refusedWith = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof AzureError && error.status === 400 && error.code === code && message.test(error.message)

test('what the server decides is left out of a PUT body, and everything else is kept', () => {
  const sent = {
    id: '/x',
    name: 'x',
    type: 'T/t',
    etag: 'e',
    systemData: {},
    location: 'West US 2',
    tags: { a: '1' },
    sku: { name: 's', tier: null },
    properties: { a: null, b: [null, { c: null, d: 1 }] },
  }
  assert.deepEqual(putBody(sent), {
    location: 'westus2',
    tags: { a: '1' },
    sku: { name: 's' },
    properties: { b: [null, { d: 1 }] },
  })
})

test('a body without properties has none', () => {
  assert.deepEqual(putBody({}), { properties: {} })
})

for (const [body, message] of [
  [{ location: 7 }, /parameter location is invalid/],
  [{ location: ' ' }, /parameter location is invalid/],
  [{ tags: { a: 1 } }, /parameter tags\.a is invalid/],
  [{ tags: { a: 'x'.repeat(257) } }, /parameter tags\.a is invalid/],
  [{ tags: [] }, /parameter tags is invalid/],
  [{ identity: 'me' }, /parameter identity is invalid/],
  [{ properties: 'p' }, /parameter properties is invalid/],
] as const) {
  test(`the body ${JSON.stringify(body).slice(0, 40)} is refused with the path of what is wrong`, () => {
    assert.throws(() => putBody(body as Record<string, unknown>), refusedWith('InvalidParameter', message))
  })
}

test('a resource has fifty tags and not one more', () => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, '']))
  assert.equal(Object.keys(putBody({ tags: tags(50) }).tags ?? {}).length, 50)
  assert.throws(() => putBody({ tags: tags(51) }), refusedWith('InvalidRequestContent', /at most 50 tags/))
  assert.throws(() => patchedTags({ properties: {} }, { tags: tags(51) }), AzureError)
})

test('a body that would make lists too long is refused', () => {
  const body = { properties: { text: 'x'.repeat(256 * 1024 - 30) } }
  assert.equal(storable(body), body)
  const tooLong = { properties: {}, more: 'x'.repeat(256 * 1024) }
  assert.throws(() => storable(tooLong), /more than the maximum of 262144/)
})

test('a null is as good as nothing, at any depth but in a list', () => {
  assert.deepEqual(withoutNulls({ a: null, b: { c: null }, d: [null] }), { b: {}, d: [null] })
})

test('two spellings of a location are one place', () => {
  assert.equal(normalLocation('West US 2'), 'westus2')
})

test('tags in a PATCH replace the tags, null takes them away, and none leave them', () => {
  const before = { tags: { a: '1' }, properties: { b: 2 } }
  assert.deepEqual(patchedTags(before, { tags: { c: '3' } }), { tags: { c: '3' }, properties: { b: 2 } })
  assert.deepEqual(patchedTags(before, { tags: null }), { tags: {}, properties: { b: 2 } })
  assert.deepEqual(patchedTags(before, {}), before)
  assert.throws(() => patchedTags(before, { tags: 'x' }), refusedWith('InvalidParameter', /parameter tags/))
})

test('a wrong value is named by its path, and the whole by its own name', () => {
  const schema = z.object({ list: z.array(z.object({ n: z.number() })) })
  assert.throws(
    () => checked(schema, { list: [{ n: 1 }, { n: 'x' }] }, 'properties'),
    (error: unknown) => error instanceof AzureError && error.extra.target === 'properties.list.1.n',
  )
  assert.throws(() => checked(schema, 7), refusedWith('InvalidParameter', /parameter body is invalid/))
})
