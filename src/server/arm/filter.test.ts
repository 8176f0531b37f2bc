import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../errors.ts'
import { clausesOf, parseFilter } from './filter.ts'

const eq = (name: string, value: string) => ({ name, operator: 'eq', value })

for (const [source, expected] of [
  ["resourceType eq 'Microsoft.KeyVault/vaults'", [[eq('resourcetype', 'Microsoft.KeyVault/vaults')]]],
  [" name EQ 'it''s' ", [[eq('name', "it's")]]],
  ["a eq '1' and b eq '2'", [[eq('a', '1'), eq('b', '2')]]],
  ["a eq '1' or b eq '2' and c eq '3'", [[eq('a', '1')], [eq('b', '2'), eq('c', '3')]]],
  [
    "(a eq '1' or b eq '2') and c eq '3'",
    [
      [eq('a', '1'), eq('c', '3')],
      [eq('b', '2'), eq('c', '3')],
    ],
  ],
  ['atScope()', [[{ call: 'atscope', values: [] }]]],
  [
    "atScope() and assignedTo('x')",
    [
      [
        { call: 'atscope', values: [] },
        { call: 'assignedto', values: ['x'] },
      ],
    ],
  ],
  ["substringof('web', name)", [[{ call: 'substringof', values: ['web', 'name'] }]]],
  [
    "eventTimestamp ge '2026-01-01T00:00:00Z' and eventTimestamp le 2026-01-02T00:00:00.5+01:00",
    [
      [
        { name: 'eventtimestamp', operator: 'ge', value: '2026-01-01T00:00:00Z' },
        { name: 'eventtimestamp', operator: 'le', value: '2026-01-02T00:00:00.5+01:00' },
      ],
    ],
  ],
  ["identity/principalId eq 'x'", [[eq('identity/principalid', 'x')]]],
] as const) {
  test(`the filter ${source} is read`, () => {
    assert.deepEqual(parseFilter(source), expected)
  })
}

const alternatives = Array.from({ length: 5 }, () => "(a eq '1' or a eq '2')").join(' and ')

for (const source of [
  `${'('.repeat(33)}a eq '1'${')'.repeat(33)}`,
  `a eq '${'1'.repeat(4096)}'`,
  'a',
  'a eq',
  "a is '1'",
  "a eq '1",
  "a eq '1' and",
  "a eq '1' b eq '2'",
  "(a eq '1'",
  "a eq '1')",
  "f('1' '2')",
  "'a' eq 'a'",
  'a eq ;',
  `${alternatives} and ${alternatives}`,
]) {
  test(`the filter ${source.slice(0, 40)} is refused as invalid`, () => {
    assert.throws(
      () => parseFilter(source),
      (error: unknown) =>
        error instanceof AzureError && error.status === 400 && error.code === 'InvalidFilterInQueryString',
    )
  })
}

test('alternatives are refused where a list takes none', () => {
  const url = new URL('https://localhost/x')
  url.searchParams.set('$filter', "a eq '1' or a eq '2'")
  assert.throws(() => clausesOf(url), /Invalid \$filter/)
})
