import { AzureError } from '../errors.ts'

/** One test of a `$filter`: `location eq 'westus'`, or a function such as `atScope()` or `substringof('web', name)`. */
export type Clause =
  | { readonly name: string; readonly operator: Operator; readonly value: string }
  | { readonly call: string; readonly values: readonly string[] }

export type Operator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

/** A filter lets pass what meets all clauses of any one of these lists. */
export type Filter = readonly (readonly Clause[])[]

const operators = ['eq', 'ne', 'gt', 'ge', 'lt', 'le']
const tokens = /\s*(?:'((?:[^']|'')*)'|([\w./:+-]+)|([(),]))/y
/** What takes more than this is no question that a person asks, and parentheses multiply. */
const longestFilter = 4096
const mostAlternatives = 64
const deepestNesting = 32

type Token = { readonly kind: 'text' | 'word' | 'sign' | 'end'; readonly text: string }

/** Reads the part of OData that Azure's lists take: clauses with `and`, `or` and parentheses. Throws 400. */
export function parseFilter(source: string): Filter {
  const refuse = () => invalidFilter(source)
  if (source.length > longestFilter) throw refuse()
  const list = tokenize(source, refuse)
  let at = 0
  let depth = 0
  const peek = (): Token => list[at] ?? { kind: 'end', text: '' }
  const next = (): Token => list[at++] ?? { kind: 'end', text: '' }
  const isWord = (word: string) => peek().kind === 'word' && peek().text.toLowerCase() === word
  const sign = (text: string) => {
    const token = next()
    if (token.kind !== 'sign' || token.text !== text) throw refuse()
  }

  const either = (): Filter => {
    let found = both()
    while (isWord('or')) {
      next()
      found = bounded([...found, ...both()])
    }
    return found
  }

  const both = (): Filter => {
    let found = one()
    while (isWord('and')) {
      next()
      const others = one()
      found = bounded(found.flatMap(left => others.map(right => [...left, ...right])))
    }
    return found
  }

  const one = (): Filter => {
    const token = next()
    if (token.kind === 'sign' && token.text === '(') {
      if (++depth > deepestNesting) throw refuse()
      const inner = either()
      sign(')')
      depth--
      return inner
    }
    if (token.kind !== 'word') throw refuse()
    if (peek().kind === 'sign' && peek().text === '(') return [[{ call: token.text.toLowerCase(), values: values() }]]
    const operator = next().text.toLowerCase()
    if (!isOperator(operator)) throw refuse()
    return [[{ name: token.text.toLowerCase(), operator, value: value() }]]
  }

  const values = (): string[] => {
    sign('(')
    const found: string[] = []
    while (!(peek().kind === 'sign' && peek().text === ')')) {
      if (found.length > 0) sign(',')
      found.push(value())
    }
    sign(')')
    return found
  }

  const value = (): string => {
    const token = next()
    if (token.kind !== 'text' && token.kind !== 'word') throw refuse()
    return token.text
  }

  const bounded = (filter: Filter): Filter => {
    if (filter.length > mostAlternatives) throw refuse()
    return filter
  }

  const whole = either()
  if (peek().kind !== 'end') throw refuse()
  return whole
}

function tokenize(source: string, refuse: () => AzureError): Token[] {
  const found: Token[] = []
  const end = source.trimEnd().length
  for (let at = 0; at < end; at = tokens.lastIndex) {
    tokens.lastIndex = at
    const match = tokens.exec(source)
    if (!match) throw refuse()
    const [, text, word, sign = ''] = match
    if (text !== undefined) found.push({ kind: 'text', text: text.replaceAll("''", "'") })
    else found.push(word === undefined ? { kind: 'sign', text: sign } : { kind: 'word', text: word })
  }
  return found
}

const isOperator = (text: string): text is Operator => operators.includes(text)

/** The request's `$filter`, if there is one. Throws 400. */
export function filterOf(url: URL): Filter | undefined {
  const source = url.searchParams.get('$filter')
  return source === null || source.trim() === '' ? undefined : parseFilter(source)
}

/** A filter without alternatives. Throws 400 for any other. */
export function clausesOf(url: URL): readonly Clause[] {
  const [clauses = [], ...others] = filterOf(url) ?? []
  if (others.length > 0) throw invalidFilter(url.searchParams.get('$filter') ?? '')
  return clauses
}

export const invalidFilter = (source: string) =>
  new AzureError(
    400,
    'InvalidFilterInQueryString',
    `Invalid $filter '${source.slice(0, longestFilter)}' specified in the query string.`,
  )
