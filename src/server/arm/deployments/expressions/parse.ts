/**
 * The language inside the square brackets of a template: calls, their members, texts and numbers. It has no operators.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly key: Expression }

/** The message is what Azure says behind the place. */
export class ExpressionSyntaxError extends Error {}

/** The expression that a text of a template is, if it is one: `[…]`, but not `[[…]`, which escapes a bracket. */
export function expressionIn(text: string): Expression | undefined {
  if (!text.startsWith('[') || !text.endsWith(']') || text.startsWith('[[')) return undefined
  return parseExpression(text.slice(1, -1))
}

/** `[[a]` stands for the text `[a]`. */
export const unescaped = (text: string): string => (text.startsWith('[[') && text.endsWith(']') ? text.slice(1) : text)

type Token = { readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end'; readonly value: string }

const tokenPattern = /\s*(?:([A-Za-z_][\w$]*)|'((?:[^']|'')*)'|(-?\d+)|([().,[\]]))/y

function tokens(text: string): Token[] {
  const found: Token[] = []
  tokenPattern.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = tokenPattern.lastIndex) {
    tokenPattern.lastIndex = at
    const match = tokenPattern.exec(text)
    if (!match) throw new ExpressionSyntaxError(`unexpected '${text.slice(at).trim()[0]}' at position ${at}`)
    const [, name, quoted, number, sign] = match
    if (name !== undefined) found.push({ kind: 'name', value: name })
    else if (quoted !== undefined) found.push({ kind: 'text', value: quoted.replaceAll("''", "'") })
    else if (number !== undefined) found.push({ kind: 'number', value: number })
    else found.push({ kind: 'sign', value: sign ?? '' })
  }
  return [...found, { kind: 'end', value: '' }]
}

/** Deeper nesting is nobody's template, and would use up the stack. */
const deepest = 100

/** Azure's limit. */
const longest = 24_576

/** Throws ExpressionSyntaxError. */
export function parseExpression(text: string): Expression {
  if (text.length > longest) throw new ExpressionSyntaxError(`it has more than ${longest} characters`)
  const list = tokens(text)
  let at = 0
  const next = () => list[at] as Token
  const is = (sign: string) => next().kind === 'sign' && next().value === sign
  const take = (sign: string) => {
    if (!is(sign)) throw new ExpressionSyntaxError(`'${sign}' was expected and '${next().value}' found`)
    at++
  }

  function operand(depth: number): Expression {
    if (depth > deepest) throw new ExpressionSyntaxError('it is nested too deeply')
    const { kind, value } = next()
    at++
    if (kind === 'text') return { kind: 'literal', value }
    if (kind === 'number') return { kind: 'literal', value: Number(value) }
    if (kind !== 'name') throw new ExpressionSyntaxError(value === '' ? 'it ends too early' : `unexpected '${value}'`)
    take('(')
    const args: Expression[] = []
    while (!is(')')) {
      if (args.length > 0) take(',')
      args.push(whole(depth + 1))
    }
    take(')')
    return { kind: 'call', name: value, args }
  }

  function whole(depth: number): Expression {
    let found = operand(depth)
    for (let members = 0; ; members++) {
      if (members > deepest) throw new ExpressionSyntaxError('it is nested too deeply')
      if (is('.')) {
        at++
        const { kind, value } = next()
        if (kind !== 'name') throw new ExpressionSyntaxError(`a member was expected and '${value}' found`)
        at++
        found = { kind: 'member', of: found, key: { kind: 'literal', value } }
      } else if (is('[')) {
        at++
        const key = whole(depth + 1)
        take(']')
        found = { kind: 'member', of: found, key }
      } else return found
    }
  }

  const expression = whole(0)
  if (next().kind !== 'end') throw new ExpressionSyntaxError(`unexpected '${next().value}'`)
  return expression
}

/** All calls of a function in an expression, wherever they stand in it. */
export function callsOf(expression: Expression, name: string): (Expression & { kind: 'call' })[] {
  if (expression.kind === 'literal') return []
  if (expression.kind === 'member') return [...callsOf(expression.of, name), ...callsOf(expression.key, name)]
  const inside = expression.args.flatMap(arg => callsOf(arg, name))
  return expression.name.toLowerCase() === name.toLowerCase() ? [expression, ...inside] : inside
}
