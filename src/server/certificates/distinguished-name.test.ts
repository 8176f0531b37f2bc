import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidName, parseDistinguishedName } from './distinguished-name.ts'
import { decodeName, encodeName } from './encode-name.ts'

const taken: readonly [typed: string, rendered: string][] = [
  ['CN=www.example.com', 'CN=www.example.com'],
  ['cn=MyCert', 'CN=MyCert'],
  ['CN = spaced , O = Example ', 'CN=spaced, O=Example'],
  ['CN=a;OU=b', 'CN=a, OU=b'],
  ['CN="Example, Inc.", C=de', 'CN="Example, Inc.", C=de'],
  ['CN="He said ""no"""', 'CN="He said ""no"""'],
  ['CN=one\\, two', 'CN="one, two"'],
  ['E=a@example.com, emailAddress=b@example.com', 'E=a@example.com, E=b@example.com'],
  ['CN=Grün, ST=Bayern, L=München', 'CN=Grün, S=Bayern, L=München'],
  ['OID.1.2.3.4=x, 2.5.4.3=y', 'OID.1.2.3.4=x, CN=y'],
  ['DC=example, DC=com', 'DC=example, DC=com'],
  ['CN=*.example.com', 'CN=*.example.com'],
  ['', ''],
]
for (const [typed, rendered] of taken) {
  test(`the name '${typed}' is read as '${rendered}'`, () => {
    assert.equal(decodeName(encodeName(typed)), rendered)
  })
}

const refused = [
  'www.example.com',
  'CN',
  'CN=',
  'CN=a,',
  'CN=a, b',
  'XY=a',
  'C=Germany',
  'CN="a" b',
  'CN=a + OU=b',
  'E=ü@example.com',
  '=a',
  'CN="open',
  'OID.3.4=x',
  'CN=www.example.com\u0000.evil.example',
  'CN="a\nb"',
  'CN=\ud800',
]
for (const typed of refused) {
  test(`the name ${JSON.stringify(typed)} is refused`, () => {
    assert.throws(() => parseDistinguishedName(typed), InvalidName)
  })
}

test('a certificate holds the most particular part of a name last', () => {
  const types = encodeName('CN=a, O=b, C=de').typesAndValues.map(({ type }) => type)
  assert.deepEqual(types, ['2.5.4.6', '2.5.4.10', '2.5.4.3'])
})
