import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './testing-random.ts'
import { actionMatches, isLike } from './wildcard.ts'

const read = 'Microsoft.Storage/storageAccounts/blobServices/containers/read'

const actionCases: [pattern: string, action: string, expected: boolean][] = [
  ['*', read, true],
  ['*', '', true],
  ['', '', true],
  ['', read, false],
  ['**', read, true],
  [read, read, true],
  [read.toUpperCase(), read, true],
  [read, read.toUpperCase(), true],
  ['*/read', read, true],
  ['*/read', 'Microsoft.Storage/storageAccounts/listKeys/action', false],
  ['*/read', 'read', false],
  ['*/read', '/read', true],
  ['*/read', 'a/reads', false],
  ['Microsoft.Storage/*', read, true],
  ['Microsoft.Storage/*', 'Microsoft.Storages/x/read', false],
  ['Microsoft.Storage*', 'Microsoft.Storages/x/read', true],
  ['Microsoft.Storage/*/read', read, true],
  ['Microsoft.Storage/*/read', 'Microsoft.Storage/read', true],
  ['Microsoft.Storage/*/read', 'Microsoft.Storages/read', false],
  ['Microsoft.Storage/*/read', 'Microsoft.Storageread', false],
  ['a/*/b/*/c', 'a/b/x/c', true],
  ['a/*/b/*/c', 'a/x/b/c', true],
  ['a/*/b/*/c', 'a/b', false],
  ['Microsoft.Storage/*/containers/*', read, true],
  ['Microsoft.*/containers/*d', read, true],
  ['*/CONTAINERS/*', read, true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*ab*ab', 'abab', true],
  ['*ab*ab', 'ab', false],
  ['*aab', 'aaaab', true],
  ['a?b', 'axb', false],
  ['a?b', 'a?b', true],
  ['a.b', 'axb', false],
  ['a\\*', 'a\\bc', true],
  ['[a-z]*', 'a', false],
]

for (const [pattern, action, expected] of actionCases) {
  test(`the action pattern "${pattern}" ${expected ? 'matches' : 'does not match'} "${action}"`, () => {
    assert.equal(actionMatches(pattern, action), expected)
  })
}

const likeCases: [text: string, pattern: string, expected: boolean][] = [
  ['abcd', 'a*c?', true],
  ['abcd', 'A*C?', false],
  ['abcd', 'a*c', false],
  ['readonly/a/b', 'readonly/*', true],
  ['ab', 'a?b', false],
  ['a*b', 'a\\*b', true],
  ['axb', 'a\\*b', false],
  ['a?', 'a\\?', true],
  ['ab', 'a\\?', false],
  ['a\\b', 'a\\b', true],
  ['a\\b', 'a\\?', false],
  ['a*', '*\\*', true],
  ['ab', '*\\*', false],
  ['a\\', 'a\\', true],
  ['', '*', true],
  ['', '?', false],
  ['a\\x', 'a\\\\*', false],
  ['a\\*', 'a\\\\*', true],
]

for (const [text, pattern, expected] of likeCases) {
  test(`"${text}" is ${expected ? '' : 'not '}like "${pattern}"`, () => {
    assert.equal(isLike(text, pattern), expected)
  })
}

test('1,000 random action patterns match exactly what the same regular expressions match', () => {
  const random = seededRandom(42)
  const pick = (alphabet: string, longest: number) =>
    Array.from({ length: random() * longest }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  let matched = 0
  for (let round = 0; round < 1000; round++) {
    const pattern = pick('aAb//.***', 8)
    const units: Record<string, string> = { '/*/': '/(?:[^]*/)?', '*': '[^]*', '.': '\\.' }
    const asRegex = new RegExp(`^${pattern.replaceAll(/\/\*\/|[*.]/g, unit => units[unit] ?? unit)}$`, 'i')
    for (let again = 0; again < 20; again++) {
      const action = pick('aAbB/.', 10)
      const expected = asRegex.test(action)
      assert.equal(actionMatches(pattern, action), expected, `${pattern} on ${action}`)
      if (expected) matched++
    }
  }
  assert.ok(matched > 1000, 'the sample holds enough matches to mean something')
})

test('1,000 random StringLike patterns match exactly what the same regular expressions match', () => {
  const random = seededRandom(43)
  const pick = (alphabet: string, longest: number) =>
    Array.from({ length: random() * longest }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  const units: Record<string, string> = { '*': '[^]*', '?': '[^]', '\\': '\\\\' }
  for (let round = 0; round < 1000; round++) {
    const pattern = pick('ab*?\\', 8)
    const asRegex = new RegExp(`^${pattern.replaceAll(/\\[*?]|[*?\\]/g, unit => units[unit] ?? unit)}$`)
    for (let again = 0; again < 20; again++) {
      const text = pick('aabA*?\\', 8)
      assert.equal(isLike(text, pattern), asRegex.test(text), `${text} like ${pattern}`)
    }
  }
})

test('a pattern made to backtrack is answered within a bounded number of steps', () => {
  // As a regular expression this would take some 4,000^20 steps, so that finishing at all is the proof.
  assert.equal(actionMatches(`${'*a'.repeat(20)}*b`, 'a'.repeat(4000)), false)
})
