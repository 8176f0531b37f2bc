import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import { parseFilter } from './filter.ts'

const object = {
  appId: 'A1',
  displayName: "Anna's App",
  accountEnabled: true,
  mail: null,
  servicePrincipalNames: ['a1', 'api://A1'],
  web: { homePageUrl: 'https://x' },
  id: '11111111-2222-3333-4444-555555555555',
}

const cases: [filter: string, expected: boolean][] = [
  ["appId eq 'a1'", true],
  ["appId eq 'a2'", false],
  ["appId ne 'a2'", true],
  ["displayName eq 'Anna''s App'", true],
  ["startswith(displayName,'anna')", true],
  ["startsWith(displayName, 'App')", false],
  ["servicePrincipalNames/any(c:c eq 'API://a1')", true],
  ["servicePrincipalNames/any(c:c eq 'a')", false],
  ["displayName/any(c:c eq 'a')", false],
  ['accountEnabled eq true', true],
  ['mail eq null', true],
  ['nothing eq null', true],
  ["web/homePageUrl eq 'https://x'", true],
  ["appId in ('x', 'a1')", true],
  ["appId in ('x')", false],
  ["appId eq 'a1' and accountEnabled eq false", false],
  ["appId eq 'x' or accountEnabled eq true", true],
  ["appId eq 'a1' or appId eq 'x' and accountEnabled eq false", true],
  ["(appId eq 'a1' or appId eq 'x') and accountEnabled eq false", false],
  ["not appId eq 'x'", true],
  ["not (appId eq 'a1')", false],
  ['id eq 11111111-2222-3333-4444-555555555555', true],
  ['constructor eq null', true],
]

for (const [filter, expected] of cases) {
  test(`the filter ${filter} ${expected ? 'lets the object through' : 'leaves the object out'}`, () => {
    assert.equal(parseFilter(filter)(object), expected)
  })
}

const broken = [
  '',
  'appId',
  'appId eq',
  "appId gt 'a'",
  "appId eq 'a",
  "appId eq 'a' 'b'",
  "(appId eq 'a'",
  "appId eq 'a')",
  "contains(appId,'a')",
  "servicePrincipalNames/any(c:d eq 'a')",
  "servicePrincipalNames/any(c:c ne 'a')",
  "'a' eq 'a'",
  'appId in ()',
  `${'not '.repeat(60)}appId eq 'a'`,
  `appId eq '${'a'.repeat(5000)}'`,
  'appId eq ¬',
]

for (const filter of broken) {
  test(`the filter ${filter.slice(0, 60)} is refused, not ignored`, () => {
    assert.throws(
      () => parseFilter(filter),
      (error: unknown) => error instanceof AzureError && error.status === 400,
    )
  })
}
