import { invalidHeader, invalidQuery } from './refusals.ts'

/** `"name" = 'value' AND "date" > '2020'`, as finding by tags and conditions on tags are written. Text is compared as text. */
export type TagTest = { readonly name: string; readonly operator: string; readonly value: string }

const test = /^\s*(?:"((?:[^"])+)"|(@?[A-Za-z_][\w]*))\s*(<>|>=|<=|=|>|<)\s*'((?:[^']|'')*)'\s*/

const mostTests = 10

/** For finding, which knows no OR. Throws 400. */
export function parseTagQuery(text: string): readonly TagTest[] {
  const [tests, ...others] = alternativesIn(text) ?? []
  if (!tests || others.length > 0) throw invalidQuery('where', text.slice(0, 200), 'The expression is not valid.')
  return tests
}

/** What is joined by OR, each of tests joined by AND, which binds closer. Undefined for what is no expression. */
function alternativesIn(text: string): TagTest[][] | undefined {
  const alternatives: TagTest[][] = [[]]
  let rest = text
  for (let count = 0; count < mostTests; count++) {
    const match = test.exec(rest)
    if (!match) return undefined
    const [all, quoted, plain, operator = '', value = ''] = match
    alternatives.at(-1)?.push({ name: quoted ?? plain ?? '', operator, value: value.replaceAll("''", "'") })
    rest = rest.slice(all.length)
    if (rest === '') return alternatives
    const word = /^(AND|OR)(?=\s)/i.exec(rest)?.[0]
    if (word === undefined) return undefined
    if (word.length === 2) alternatives.push([])
    rest = rest.slice(word.length)
  }
  return undefined
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

/** What a condition says of the tags of a blob. Throws 400, which names the header that has it. */
export function evaluateTags(header: string, query: string, tags: Readonly<Record<string, string>>): boolean {
  const alternatives = alternativesIn(query)
  if (!alternatives) throw invalidHeader(header, query.slice(0, 200))
  return alternatives.some(tests => tests.every(one => passes(one, tags[one.name])))
}
