import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Attributes, ConditionSyntaxError, evaluate, parseCondition } from './condition.ts'
import { seededRandom } from './testing-random.ts'

const attributesOf =
  (known: Record<string, ReturnType<Attributes>>): Attributes =>
  (source, name) =>
    known[`${source}[${name}]`]

const attributes = attributesOf({
  'Resource[name]': 'Abcd',
  'Resource[path]': 'readonly/a/b.txt',
  'Resource[colours]': ['red', 'blue'],
  'Resource[sizes]': [10, 20],
  'Resource[none]': [],
  'Resource[empty]': '',
  'Resource[mixed]': [10, 'ten'],
  'Resource[size]': 10,
  'Resource[digits]': '10',
  'Resource[hns]': true,
  'Resource[hnsText]': 'True',
  'Resource[tags:Project<$key_case_sensitive$>]': 'Cascade',
  'Resource[star]': 'a*b',
  'Request[id]': 'ACDD72A7-3385-48EF-BD42-F606FBA81AE7',
  'Request[snapshot]': '2022-06-01T00:00:00.0000001Z',
  'Environment[UtcNow]': '2023-05-01T13:00:00Z',
  'Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project]': ['Cascade', 'Baker'],
})

const holds = (text: string, action = 'Microsoft.Storage/a/read', subOperation?: string) =>
  evaluate(parseCondition(text), { action, subOperation, attributes })

const cases: [condition: string, expected: boolean][] = [
  // strings
  ["@Resource[name] StringEquals 'Abcd'", true],
  ["@Resource[name] StringEquals 'abcd'", false],
  ["@Resource[name] StringEqualsIgnoreCase 'aBCD'", true],
  ["@Resource[name] StringNotEquals 'abcd'", true],
  ["@Resource[name] StringNotEqualsIgnoreCase 'abcd'", false],
  ["@Resource[empty] StringEquals ''", true],
  ["@Resource[path] StringStartsWith 'readonly/'", true],
  ["@Resource[path] StringStartsWith 'Readonly/'", false],
  ["@Resource[path] StringStartsWithIgnoreCase 'Readonly/'", true],
  ["@Resource[path] StringNotStartsWith 'readonly/'", false],
  ["@Resource[path] StringNotStartsWithIgnoreCase 'x'", true],
  ["@Resource[path] StringLike 'readonly/*'", true],
  ["@Resource[path] StringLike 'readonly/?'", false],
  ["@Resource[name] StringLike 'A?c*'", true],
  ["@Resource[name] StringLike 'a?c*'", false],
  ["@Resource[name] StringLikeIgnoreCase 'a?C*'", true],
  ["@Resource[name] StringNotLike 'a*'", true],
  ["@Resource[name] StringNotLikeIgnoreCase 'a*'", false],
  ["@Resource[star] StringLike 'a\\*b'", true],
  ["@Resource[tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'", true],
  // numbers, booleans, times, GUIDs
  ['@Resource[size] NumericEquals 10', true],
  ['@Resource[digits] NumericEquals 10', true],
  ['@Resource[size] NumericNotEquals 10', false],
  ['@Resource[size] NumericGreaterThan 9', true],
  ['@Resource[size] NumericGreaterThan 10', false],
  ['@Resource[size] NumericGreaterThanEquals 10', true],
  ['@Resource[size] NumericLessThan -1', false],
  ['@Resource[size] NumericLessThanEquals 10', true],
  ['@Resource[hns] BoolEquals true', true],
  ['@Resource[hnsText] BoolEquals true', true],
  ['@Resource[hns] BoolNotEquals true', false],
  ["@Environment[UtcNow] DateTimeGreaterThan '2023-05-01T12:59:59.9999999Z'", true],
  ["@Environment[UtcNow] DateTimeGreaterThan '2023-05-01T13:00:00.0Z'", false],
  ["@Environment[UtcNow] DateTimeGreaterThanEquals '2023-05-01T13:00:00.0Z'", true],
  ["@Environment[UtcNow] DateTimeEquals '2023-05-01T13:00:00.000Z'", true],
  ["@Environment[UtcNow] DateTimeNotEquals '2023-05-01T13:00:00.000Z'", false],
  ["@Environment[UtcNow] DateTimeLessThan '2023-05-01T13:00:00.0000001Z'", true],
  ["@Request[snapshot] DateTimeLessThanEquals '2022-06-01T00:00:00Z'", false],
  ['@Request[id] GuidEquals acdd72a7-3385-48ef-bd42-f606fba81ae7', true],
  ["@Request[id] GuidEquals 'acdd72a7-3385-48ef-bd42-f606fba81ae7'", true],
  ['@Request[id] GuidNotEquals acdd72a7-3385-48ef-bd42-f606fba81ae7', false],
  // sets, with the examples of the format's description
  ["{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}", true],
  ["{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}", false],
  ["{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", true],
  ["{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}", false],
  ['{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}', true],
  ['{10, 20} ForAnyOfAllValues:NumericLessThan {5, 18}', false],
  ['{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}', false],
  ['{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}', true],
  ['{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}', false],
  ["@Resource[colours] ForAnyOfAnyValues:StringEquals 'red'", true],
  ["@Resource[colours] ForAllOfAnyValues:StringEquals {'red'}", false],
  ['@Resource[sizes] ForAllOfAllValues:NumericGreaterThan {1, 9}', true],
  ["@Resource[name] StringEquals {'Abcd'}", true],
  [
    '@Resource[tags:Project<$key_case_sensitive$>] ForAnyOfAnyValues:StringEquals ' +
      '@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Engineering_Project]',
    true,
  ],
  // functions and connectives
  ["ActionMatches{'Microsoft.Storage/*'}", true],
  ["ActionMatches{'microsoft.STORAGE/a/read'}", true],
  ["ActionMatches {'Microsoft.Storage/*/write'}", false],
  ["!(ActionMatches{'Microsoft.Storage/*'})", false],
  ["NOT ActionMatches{'Microsoft.Storage/*'}", false],
  ["! ! ActionMatches{'*'}", true],
  ["ActionMatches{'*'} AND ActionMatches{'x'}", false],
  ["ActionMatches{'*'} && ActionMatches{'*/read'}", true],
  ["ActionMatches{'x'} OR ActionMatches{'*'}", true],
  ["ActionMatches{'x'} || ActionMatches{'y'} || ActionMatches{'z'}", false],
  ["(ActionMatches{'x'} AND ActionMatches{'x'}) OR ActionMatches{'*'}", true],
  ["ActionMatches{'x'} AND (ActionMatches{'x'} OR ActionMatches{'*'})", false],
  ["NOT ActionMatches{'x'} AND ActionMatches{'x'}", false],
  ["ActionMatches{'*'}\r\n\tand ActionMatches{'*'}", true],
  ['Exists @Resource[name]', true],
  ['Exists @Resource[empty]', true],
  ['Exists @Resource[none]', false],
  ['Exists @Resource[unheard]', false],
  ['NOT Exists @Resource[unheard]', true],
  ['Not Exists @Resource[name]', false],
  // attributes that are absent or of another kind satisfy neither a comparison nor its negation
  ["@Resource[unheard] StringEquals ''", false],
  ["@Resource[unheard] StringNotEquals 'x'", false],
  ["NOT @Resource[unheard] StringEquals 'x'", false],
  ["NOT (@Resource[unheard] StringEquals 'x' OR ActionMatches{'x'})", false],
  ["NOT (@Resource[unheard] StringEquals 'x' AND ActionMatches{'x'})", true],
  ["@Resource[unheard] StringEquals 'x' OR ActionMatches{'*'}", true],
  ["@Resource[unheard] StringEquals 'x' AND ActionMatches{'*'}", false],
  ["NOT Exists @Resource[unheard] OR @Resource[unheard] StringEquals 'x'", true],
  ["@Request[name] StringEquals 'Abcd'", false],
  ['@Resource[name] NumericNotEquals 1', false],
  ["@Resource[size] StringNotEquals 'x'", false],
  ['@Resource[mixed] ForAnyOfAnyValues:NumericEquals 10', false],
  ["@Resource[none] ForAllOfAllValues:StringEquals {'x'}", false],
  ["@Resource[none] ForAllOfAllValues:StringNotEquals {'x'}", false],
  ["@Resource[colours] StringEquals 'red'", false],
  ["@Resource[colours] StringNotEquals 'green'", false],
  ['@Resource[name] GuidNotEquals acdd72a7-3385-48ef-bd42-f606fba81ae7', false],
  ["@Resource[name] DateTimeNotEquals '2023-05-01T13:00:00Z'", false],
]

for (const [condition, expected] of cases) {
  test(`${condition.replaceAll(/\s+/g, ' ')} is ${expected ? 'met' : 'not met'}`, () => {
    assert.equal(holds(condition), expected)
  })
}

const readPrefix = `(
 ( !(ActionMatches{'Microsoft.Storage/a/read'} AND NOT SubOperationMatches{'Blob.List'}) )
 OR
 ( @Resource[path] StringLike 'public/*' )
)`

test('a sub-operation takes part in the match, and a request without one matches none', () => {
  assert.equal(holds(readPrefix), false)
  assert.equal(holds(readPrefix, 'Microsoft.Storage/a/read', 'Blob.List'), true)
  assert.equal(holds(readPrefix, 'Microsoft.Storage/a/read', 'Blob.Read.WithTagConditions'), false)
  assert.equal(holds(readPrefix, 'Microsoft.Storage/a/write'), true)
})

const guid = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

const refused: [why: string, text: string, position: number][] = [
  ['it is empty', '', 0],
  ['it is blank', '  ', 2],
  ['a parenthesis is missing', "(ActionMatches{'a'}", 19],
  ['a parenthesis is left over', "ActionMatches{'a'})", 18],
  ['nothing stands in the parentheses', '()', 1],
  ['AND has no right side', "ActionMatches{'a'} AND", 22],
  ['OR has no left side', "OR ActionMatches{'a'}", 3],
  ['two tests stand side by side', "ActionMatches{'a'} ActionMatches{'b'}", 19],
  ['AND and OR are mixed without parentheses', "ActionMatches{'a'} AND ActionMatches{'b'} OR ActionMatches{'c'}", 42],
  ['OR and AND are mixed without parentheses', "ActionMatches{'a'} || ActionMatches{'b'} && ActionMatches{'c'}", 41],
  ['a function is unknown', "ActionMatch{'a'}", 11],
  ['the action is not in quotes', 'ActionMatches{a}', 14],
  ['the action is empty', "ActionMatches{''}", 14],
  ['two actions stand in one function', "ActionMatches{'a', 'b'}", 17],
  ['a text is unfinished', "ActionMatches{'a}", 14],
  ['the attribute has no source', "Resource[a] StringEquals 'b'", 8],
  ['the source is unknown', "@Somewhere[a] StringEquals 'b'", 0],
  ['the attribute has no name', "@Resource[] StringEquals 'b'", 0],
  ['the attribute is unfinished', "@Resource[a StringEquals 'b'", 0],
  ['an attribute stands alone', '@Resource[a]', 12],
  ['the operator is unknown', "@Resource[a] StringIs 'b'", 13],
  ['the operator is in quotes', "@Resource[a] 'StringEquals' 'b'", 13],
  ['the operator is in another case', "@Resource[a] stringequals 'b'", 13],
  ['the prefix is unknown', "@Resource[a] ForSome:StringEquals 'b'", 13],
  ['two prefixes stand before an operator', "@Resource[a] ForAnyOfAnyValues:ForAnyOfAnyValues:StringEquals 'b'", 13],
  ['a prefix stands alone', "@Resource[a] ForAnyOfAnyValues: 'b'", 13],
  ['the right side is missing', '@Resource[a] StringEquals', 25],
  ['a text is not in quotes', '@Resource[a] StringEquals b', 26],
  ['a number is in quotes', "@Resource[a] NumericEquals '1'", 27],
  ['a number has a fraction', '@Resource[a] NumericEquals 1.5', 27],
  ['a number is too large to be exact', '@Resource[a] NumericEquals 9007199254740993', 27],
  ['a boolean is none', '@Resource[a] BoolEquals yes', 24],
  ['a boolean is in quotes', "@Resource[a] BoolEquals 'true'", 24],
  ['a GUID is none', '@Resource[a] GuidEquals 123', 24],
  ['a GUID stands in braces of its own', `@Resource[a] GuidEquals {{${guid}}}`, 25],
  ['a time has no zone', "@Resource[a] DateTimeEquals '2023-05-01T13:00:00'", 28],
  ['a day does not exist', "@Resource[a] DateTimeEquals '2023-02-30T13:00:00Z'", 28],
  ['a time is not in quotes', '@Resource[a] DateTimeEquals 2023-05-01T13:00:00Z', 28],
  ['a set is empty', '@Resource[a] ForAnyOfAnyValues:StringEquals {}', 45],
  ['a set ends in a comma', "@Resource[a] ForAnyOfAnyValues:StringEquals {'b',}", 49],
  ['a set is unfinished', "@Resource[a] ForAnyOfAnyValues:StringEquals {'b'", 48],
  ['a set holds an attribute', '@Resource[a] ForAnyOfAnyValues:StringEquals {@Resource[b]}', 45],
  ['one value of a set is of another kind', `@Resource[a] ForAnyOfAnyValues:GuidEquals {${guid}, x}`, 81],
  ['several values meet an operator for one', "@Resource[a] StringEquals {'b', 'c'}", 32],
  ['Exists asks for a value', "Exists 'a'", 7],
  ['a blank is none of the four', "ActionMatches{'a'}\u00a0AND ActionMatches{'b'}", 18],
  ['it holds a control character', "@Resource[a\u0000] StringEquals 'b'", 0],
  ['it is code of another language', 'true; return', 4],
]

for (const [why, text, position] of refused) {
  test(`a condition is refused where ${why}`, () => {
    assert.throws(
      () => parseCondition(text),
      (error: unknown) => {
        assert.ok(error instanceof ConditionSyntaxError)
        assert.equal(error.position, position, error.message)
        return true
      },
    )
  })
}

test('a condition may be nested 32 deep and no deeper, by parentheses and negations alike', () => {
  const nested = (depth: number, open: string, close: string) =>
    `${open.repeat(depth)}ActionMatches{'*'}${close.repeat(depth)}`
  assert.equal(holds(nested(32, '(', ')')), true)
  assert.equal(holds(nested(32, '!', '')), true)
  assert.throws(() => parseCondition(nested(33, '(', ')')), /more than 32 deep/)
  assert.throws(() => parseCondition(nested(33, '!', '')), /more than 32 deep/)
  assert.throws(() => parseCondition(nested(17, '!(', ')')), /more than 32 deep/)
  assert.equal(holds(Array(100).fill("(ActionMatches{'*'})").join(' AND ')), true)
})

test('a condition may be 8 KB long and no longer, counted in bytes', () => {
  const padded = (bytes: number) => `ActionMatches{'*'}`.padEnd(bytes)
  assert.equal(holds(padded(8192)), true)
  assert.throws(() => parseCondition(padded(8193)), ConditionSyntaxError)
  assert.throws(() => parseCondition(`ActionMatches{'${'ä'.repeat(4096)}'}`), /8 KB/)
})

test('any text is either read or refused with a position inside it', () => {
  const random = seededRandom(3)
  const pieces = [
    '(',
    ')',
    '!',
    'AND',
    '||',
    "ActionMatches{'a'}",
    '@Resource[a]',
    'StringEquals',
    "'b'",
    '{',
    '}',
    ',',
    "'",
  ]
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random() * 9 }, () => pieces[Math.floor(random() * pieces.length)]).join(' ')
    try {
      parseCondition(text)
    } catch (error) {
      assert.ok(error instanceof ConditionSyntaxError, text)
      assert.ok(error.position >= 0 && error.position <= text.length, text)
    }
  }
})
