import { invalidQuery } from './refusals.ts'

/** `"name" = 'value' AND "date" > '2020'`, as finding by tags and conditions on tags are written. Text is compared as text. */
export type TagTest = { readonly name: string; readonly operator: string; readonly value: string }

const test = /^\s*(?:"((?:[^"])+)"|(@?[A-Za-z_][\w]*))\s*(<>|>=|<=|=|>|<)\s*'((?:[^']|'')*)'\s*/

/** Throws 400. */
export function parseTagQuery(text: string): readonly TagTest[] {
  const tests: TagTest[] = []
  for (let rest = text; ; ) {
    const match = test.exec(rest)
    if (!match || tests.length === 10) throw invalidQuery('where', text.slice(0, 200), 'The expression is not valid.')
    const [all, quoted, plain, operator = '', value = ''] = match
    tests.push({ name: quoted ?? plain ?? '', operator, value: value.replaceAll("''", "'") })
    rest = rest.slice(all.length)
    if (rest === '') return tests
    const and = /^AND(?=\s)/i.exec(rest)
    if (!and) throw invalidQuery('where', text.slice(0, 200), 'The expression is not valid.')
    rest = rest.slice(3)
  }
}

export const passes = ({ operator, value }: TagTest, tag: string | undefined): boolean => {
  if (operator === '<>') return tag !== value
  if (tag === undefined) return false
  if (operator === '=') return tag === value
  if (operator === '>') return tag > value
  if (operator === '>=') return tag >= value
  return operator === '<' ? tag < value : tag <= value
}

/** The tag by which an index finds the fewest blobs that may pass all tests, and what its value then lies between. */
export function drivingRange(tests: readonly TagTest[]): { tag?: string; least?: string; most?: string } {
  const first = tests.find(test => test.operator === '=') ?? tests.find(test => test.operator !== '<>') ?? tests[0]
  if (!first) return {}
  const ofIt = tests.filter(test => test.name === first.name)
  const bound = (...operators: string[]) => ofIt.find(({ operator }) => operators.includes(operator))?.value
  const [least, most] = [bound('=', '>', '>='), bound('=', '<', '<=')]
  return { tag: first.name, ...(least === undefined ? {} : { least }), ...(most === undefined ? {} : { most }) }
}

export const evaluateTags = (query: string, tags: Readonly<Record<string, string>>): boolean =>
  parseTagQuery(query).every(one => passes(one, tags[one.name]))
