// Reads the text of a role assignment condition, version 2.0. The grammar, from the public description of the format:
//
//   condition  = unary { "AND" unary } | unary { "OR" unary }
//   unary      = ( "!" | "NOT" ) unary | "(" condition ")" | test
//   test       = "ActionMatches" "{" text "}" | "SubOperationMatches" "{" text "}" | "Exists" attribute
//              | operand operator operand
//   operand    = attribute | value | "{" value { "," value } "}"
//   operator   = [ "ForAnyOfAnyValues:" | "ForAnyOfAllValues:" | "ForAllOfAnyValues:" | "ForAllOfAllValues:" ] comparison
//   attribute  = "@" ( "Request" | "Resource" | "Principal" | "Environment" ) "[" name "]"
//
// The description calls `a AND b OR c` ambiguous and demands parentheses, so it is refused here: guessing could grant
// what the author meant to keep.
import type { AttributeSource, Condition, Operand, Quantifier } from './condition.ts'
import { type Comparable, type Operator, operators, readValue } from './condition-operators.ts'

/** A text that is no condition; `position` counts UTF-16 units from 0. */
export class ConditionSyntaxError extends Error {
  readonly position: number

  constructor(problem: string, position: number) {
    super(`${problem} at position ${position}`)
    this.name = 'ConditionSyntaxError'
    this.position = position
  }
}

const maxBytes = 8 * 1024
const maxDepth = 32

type Token = {
  readonly kind: 'attribute' | 'text' | 'word' | 'sign' | 'end'
  readonly text: string
  readonly position: number
}

// A blank is one of these four only: word processors put others into copied conditions, and Azure refuses those.
const blanks = /[ \t\r\n]*/y
const tokens =
  /(?<attribute>@(?:Request|Resource|Principal|Environment)\[[^\]'{}@\p{Cc}]+\])|'(?<text>[^']*)'|(?<word>[\w:.-]+)|(?<sign>&&|\|\||[(){},!])/uy

const tokenize = (source: string): Token[] => {
  const found: Token[] = []
  for (let at = 0; ; ) {
    blanks.lastIndex = at
    at += blanks.exec(source)?.[0].length ?? 0
    if (at === source.length) return [...found, { kind: 'end', text: 'the end', position: at }]
    tokens.lastIndex = at
    const groups = tokens.exec(source)?.groups
    if (groups === undefined) {
      throw new ConditionSyntaxError(source[at] === "'" ? 'Unfinished text' : 'Unexpected character', at)
    }
    const [kind, text] = tokenOf(groups)
    found.push({ kind, text, position: at })
    at = tokens.lastIndex
  }
}

const tokenOf = ({ attribute, text, word, sign = '' }: Record<string, string | undefined>) => {
  if (attribute !== undefined) return ['attribute', attribute] as const
  if (text !== undefined) return ['text', text] as const
  return word === undefined ? (['sign', sign] as const) : (['word', word] as const)
}

const connectives: ReadonlyMap<string, 'and' | 'or'> = new Map([
  ['and', 'and'],
  ['&&', 'and'],
  ['or', 'or'],
  ['||', 'or'],
])

const quantifiers: ReadonlyMap<string, Quantifier> = new Map([
  ['ForAnyOfAnyValues', { left: 'any', right: 'any' }],
  ['ForAnyOfAllValues', { left: 'any', right: 'all' }],
  ['ForAllOfAnyValues', { left: 'all', right: 'any' }],
  ['ForAllOfAllValues', { left: 'all', right: 'all' }],
])

/** The tree of a condition. Throws ConditionSyntaxError for a text that Azure would call invalid, or that is too long or too deep. */
export const parseCondition = (source: string): Condition => {
  if (Buffer.byteLength(source) > maxBytes) throw new ConditionSyntaxError('Over 8 KB', source.length)
  const list = tokenize(source)
  let index = 0
  let depth = 0

  const peek = (): Token => list[index] ?? { kind: 'end', text: 'the end', position: source.length }
  const next = (): Token => {
    const token = peek()
    index++
    return token
  }
  const fail = (wanted: string, token: Token): never => {
    throw new ConditionSyntaxError(`Expected ${wanted}, found ${token.text}`, token.position)
  }
  const sign = (wanted: string): void => {
    const token = next()
    if (token.kind !== 'sign' || token.text !== wanted) fail(wanted, token)
  }
  const deeper = <T>(read: () => T): T => {
    if (++depth > maxDepth) throw new ConditionSyntaxError(`Nested more than ${maxDepth} deep`, peek().position)
    const result = read()
    depth--
    return result
  }

  const condition = (): Condition => {
    const first = unary()
    const connective = connectiveOf(peek())
    if (connective === undefined) return first
    const terms = [first]
    for (;;) {
      const found = connectiveOf(peek())
      if (found === undefined) return { kind: connective, terms }
      if (found !== connective) {
        throw new ConditionSyntaxError('AND and OR are mixed: parentheses must say what comes first', peek().position)
      }
      next()
      terms.push(unary())
    }
  }

  const unary = (): Condition => {
    const token = peek()
    if (isSign(token, '!') || (token.kind === 'word' && token.text.toUpperCase() === 'NOT')) {
      next()
      return { kind: 'not', term: deeper(unary) }
    }
    if (isSign(token, '(')) {
      next()
      const inner = deeper(condition)
      sign(')')
      return inner
    }
    return test()
  }

  const test = (): Condition => {
    const token = peek()
    if (token.kind !== 'word') return comparison()
    switch (token.text) {
      case 'ActionMatches':
        next()
        return { kind: 'action', pattern: pattern() }
      case 'SubOperationMatches':
        next()
        return { kind: 'subOperation', pattern: pattern() }
      case 'Exists':
        next()
        return { kind: 'exists', ...attributeOf(peek().kind === 'attribute' ? next() : fail('an attribute', peek())) }
      default:
        return comparison()
    }
  }

  const pattern = (): string => {
    sign('{')
    const token = next()
    if (token.kind !== 'text' || token.text === '') fail('a pattern in quotes', token)
    sign('}')
    return token.text
  }

  const comparison = (): Condition => {
    const left = operand()
    const { operator, quantifier } = operatorOf(next())
    const right = operand()
    return {
      kind: 'compare',
      operator,
      quantifier,
      left: readOperand(left, operator, quantifier),
      right: readOperand(right, operator, quantifier),
    }
  }

  const operand = (): readonly Token[] => {
    const token = next()
    if (token.kind === 'attribute' || isValue(token)) return [token]
    if (!isSign(token, '{')) return fail('an attribute or a value', token)
    const values: Token[] = []
    for (;;) {
      const value = next()
      values.push(isValue(value) ? value : fail('a value', value))
      if (!isSign(peek(), ',')) break
      next()
    }
    sign('}')
    return values
  }

  const whole = condition()
  return peek().kind === 'end' ? whole : fail('AND, OR or the end', peek())
}

const isSign = (token: Token, text: string): boolean => token.kind === 'sign' && token.text === text

const isValue = (token: Token): boolean => token.kind === 'text' || token.kind === 'word'

const connectiveOf = (token: Token): 'and' | 'or' | undefined =>
  token.kind === 'word' || token.kind === 'sign' ? connectives.get(token.text.toLowerCase()) : undefined

const attributeOf = (token: Token): { source: AttributeSource; name: string } => {
  const bracket = token.text.indexOf('[')
  // The pattern of the token admits these four sources only.
  return { source: token.text.slice(1, bracket) as AttributeSource, name: token.text.slice(bracket + 1, -1) }
}

const operatorOf = (token: Token): { operator: Operator; quantifier: Quantifier | undefined } => {
  const [last = '', prefix, ...rest] = token.text.split(':').reverse()
  const operator = operators.get(last)
  const quantifier = prefix === undefined ? undefined : quantifiers.get(prefix)
  if (token.kind !== 'word' || operator === undefined || rest.length > 0 || (prefix !== undefined && !quantifier)) {
    throw new ConditionSyntaxError(`Unknown operator ${token.text}`, token.position)
  }
  return { operator, quantifier }
}

const readOperand = (tokens: readonly Token[], operator: Operator, quantifier: Quantifier | undefined): Operand => {
  const [first, second] = tokens
  if (first?.kind === 'attribute') return attributeOf(first)
  if (second !== undefined && quantifier === undefined) {
    throw new ConditionSyntaxError('Several values need an operator like ForAnyOfAnyValues:', second.position)
  }
  return { values: tokens.map(token => readLiteral(token, operator)) }
}

// Text and times stand in quotes, numbers and booleans do not, and GUIDs may.
const readLiteral = (token: Token, { kind }: Operator): Comparable => {
  const quoted = token.kind === 'text'
  const fits = kind === 'guid' || quoted === (kind === 'string' || kind === 'dateTime')
  const value = fits ? readValue(kind, token.text) : undefined
  if (value === undefined) throw new ConditionSyntaxError(`Expected a ${kind}, found ${token.text}`, token.position)
  return value
}
