import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covers, scopeKey } from './scope.ts'
import { seededRandom } from './testing-random.ts'

const subscription = '/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333'
const group = `${subscription}/resourceGroups/a`
const vault = `${group}/providers/Microsoft.KeyVault/vaults/v`

const coverage: [outer: string, inner: string, expected: boolean][] = [
  ['/', '/', true],
  ['/', subscription, true],
  ['/', `${vault}/secrets/s`, true],
  ['/', '', false],
  ['', '/', false],
  [' ', subscription, false],
  ['', '', false],
  [subscription, '/', false],
  [subscription, subscription, true],
  [subscription, group, true],
  [group, subscription, false],
  [group, `${group}b`, false],
  [`${group}b`, group, false],
  [group, vault, true],
  [group, `${group}/`, true],
  [`${group}/`, group, true],
  [`${group}/`, vault, true],
  [`${group}/`, `${group}b`, false],
  [`${group} `, vault, true],
  [`${group} `, `${group}b`, false],
  [group, `${group} /providers/Microsoft.KeyVault/vaults/v`, true],
  [group, `${group} b`, false],
  [group.toUpperCase(), vault, true],
  [group, vault.toUpperCase(), true],
  [group.replace('resourceGroups', 'resourcegroups'), vault, true],
  [group, group.replace('/a', '//a'), true],
  [vault, `${vault}/secrets/s`, true],
  [vault, `${vault}2/secrets/s`, false],
  [`${vault}/secrets/s`, `${vault}/secrets/t`, false],
  [`${subscription}/resourceGroups`, group, true],
  [`${subscription}/resource`, group, false],
  [`${subscription}/resourceGroups/ä`, `${subscription}/resourceGroups/Ä/providers/x`, true],
  [`${subscription}/resourceGroups/ä`, `${subscription}/resourceGroups/äb`, false],
  [
    '/providers/Microsoft.Management/managementGroups/top',
    '/providers/microsoft.management/managementgroups/TOP',
    true,
  ],
  ['/providers/Microsoft.Management/managementGroups/top', subscription, false],
]

for (const [outer, inner, expected] of coverage) {
  test(`"${outer}" ${expected ? 'covers' : 'does not cover'} "${inner}"`, () => {
    assert.equal(covers(outer, inner), expected)
  })
}

test('two spellings of one scope have one key', () => {
  for (const spelling of [group, `${group} `, `${group}/`, ` ${group.toUpperCase()}`, group.replaceAll('/', ' / ')]) {
    assert.equal(scopeKey(spelling), '/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourcegroups/a')
  }
  assert.equal(scopeKey('/'), '/')
  assert.equal(scopeKey('//'), '/')
  assert.equal(scopeKey(' '), '')
})

test('comparing scopes in place agrees with comparing their keys, whatever the spelling', () => {
  const random = seededRandom(7)
  const pieces = ['/', '/', '/', ' ', 'a', 'A', 'b', 'ä', 'Ä', '\u0130', '\u212a', 'k', 'Σ', '\t']
  const scope = () => Array.from({ length: Math.floor(random() * 7) }, () => pieces[Math.floor(random() * 14)]).join('')
  const byKey = (outer: string, inner: string) =>
    outer !== '' && inner !== '' && (outer === '/' || `${inner}/`.startsWith(`${outer}/`))
  for (let round = 0; round < 100_000; round++) {
    const outer = scope()
    const inner = random() < 0.5 ? outer + scope() : scope()
    assert.equal(covers(outer, inner), byKey(scopeKey(outer), scopeKey(inner)), JSON.stringify([outer, inner]))
  }
})
