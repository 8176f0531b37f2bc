import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuery } from './query.ts'
import { Refusal } from './refusal.ts'

const readable: [raw: string, expected: Record<string, string>][] = [
  ['', {}],
  ['&&', {}],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['a=1=2', { a: '1=2' }],
  ['a&b=1', { a: '', b: '1' }],
  ['api%2Dversion=2018-02-01', { 'api-version': '2018-02-01' }],
  ['API-Version=2018-02-01', { 'api-version': '2018-02-01' }],
  ['resource=https://vault.azure.net', { resource: 'https://vault.azure.net' }],
  ['resource=https%3A%2F%2Fvault.azure.net', { resource: 'https://vault.azure.net' }],
  ['name=a+b%20c%2Bd', { name: 'a b c+d' }],
  ['name=%C3%A9', { name: 'é' }],
  ['__proto__=1', Object.fromEntries([['__proto__', '1']])],
]

for (const [raw, expected] of readable) {
  test(`the query "${raw}" is read`, () => assert.deepEqual(Object.fromEntries(parseQuery(raw)), expected))
}

const refused: [label: string, raw: string, status: number, message: string][] = [
  ['a lone percent sign', 'a=%', 400, 'The query string is malformed'],
  ['a percent sign before letters', 'a=%zz', 400, 'The query string is malformed'],
  ['bytes that are not UTF-8', 'a=%ff%fe', 400, 'The query string is malformed'],
  ['an overlong encoding', 'a=%c0%af', 400, 'The query string is malformed'],
  ['a broken name', '%=a', 400, 'The query string is malformed'],
  ['an encoded NUL', 'a=b%00c', 400, 'The query string is malformed'],
  ['a raw NUL', 'a=b\0c', 400, 'The query string is malformed'],
  ['an encoded line feed', 'a=b%0Ac', 400, 'The query string is malformed'],
  ['the same name twice', 'a=1&a=1', 400, "Query variable 'a' is specified more than once"],
  [
    'the same name in another case',
    'client_id=1&CLIENT_ID=2',
    400,
    "Query variable 'client_id' is specified more than once",
  ],
  ['the same name in an encoding', 'a=1&%61=2', 400, "Query variable 'a' is specified more than once"],
  ['64 KiB', `a=${'x'.repeat(65_534)}`, 414, 'The query string is too long'],
]

for (const [label, raw, status, message] of refused) {
  test(`a query with ${label} is refused`, () => {
    assert.throws(
      () => parseQuery(raw),
      (error: unknown) => {
        assert.ok(error instanceof Refusal)
        assert.deepEqual({ status: error.wording.status ?? 400, message: error.message }, { status, message })
        return true
      },
    )
  })
}
