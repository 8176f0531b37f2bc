import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { inWords } from './in-words.ts'

const text = z.string()
const cases: [schema: z.ZodType, value: unknown, words: string][] = [
  [z.object({ a: text }), {}, 'it is missing'],
  [text, 1, 'a text was expected'],
  [z.int(), 1.5, 'a whole number was expected'],
  [z.boolean(), 'x', 'true or false was expected'],
  [z.array(text), {}, 'a list was expected'],
  [z.looseObject({}), null, 'an object was expected'],
  [z.record(text, text), [], 'an object was expected'],
  [z.literal('a'), 'c', 'a was expected'],
  [z.enum(['a', 'b']), 'c', 'one of a, b was expected'],
  [text.max(3), 'abcd', 'it may have 3 characters at most'],
  [text.min(1), '', 'it must have 1 characters at least'],
  [z.array(text).min(1), [], 'there must be 1 of them at least'],
  [z.array(text).max(1), ['a', 'b'], 'there may be 1 of them at most'],
  [z.int().min(0), -1, 'it must be 0 at least'],
  [
    z.record(text.max(1), text),
    { ab: '' },
    'it has a member that cannot be called so: it may have 1 characters at most',
  ],
  [text.regex(/a/), 'b', 'it is not well formed'],
  [z.union([z.int(), z.boolean()]), 'b', 'it is none of what could be here'],
  // What a schema says itself is better.
  [text.regex(/a/, 'an a was expected'), 'b', 'an a was expected'],
]
for (const [schema, value, words] of cases) {
  test(`${JSON.stringify(value)} is refused because ${words}`, () => {
    assert.equal(schema.safeParse(value, { error: inWords }).error?.issues[0]?.message, words)
  })
}
