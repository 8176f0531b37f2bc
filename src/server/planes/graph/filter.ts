import { invalidFilter } from './refusals.ts'

/**
 * The part of OData's `$filter` that clients of a directory use: `eq`, `ne`, `in`, `startswith`, `any`, `and`, `or`,
 * `not` and parentheses. Text is compared without regard to case, as the directory does.
 */
export type Filter = (object: Readonly<Record<string, unknown>>) => boolean

/** Throws 400 for what it does not understand: an ignored filter would show too much. */
export function parseFilter(text: string): Filter {
  const tokens = tokenize(text)
  let at = 0
  let depth = 0
  const peek = () => tokens[at]?.toLowerCase()
  const take = () => tokens[at++]
  const expect = (wanted: string) => {
    const found = take()
    if (found?.toLowerCase() !== wanted) throw invalidFilter(`'${wanted}' expected instead of '${found ?? ''}'`)
  }

  const either = (): Filter => {
    const first = both()
    if (peek() !== 'or') return first
    take()
    const second = either()
    return object => first(object) || second(object)
  }
  const both = (): Filter => {
    const first = one()
    if (peek() !== 'and') return first
    take()
    const second = both()
    return object => first(object) && second(object)
  }
  const one = (): Filter => {
    if (++depth > 50) throw invalidFilter('it is nested too deeply')
    const result = single()
    depth--
    return result
  }
  const single = (): Filter => {
    if (peek() === 'not') {
      take()
      const inner = one()
      return object => !inner(object)
    }
    if (peek() === '(') {
      take()
      const inner = either()
      expect(')')
      return inner
    }
    return peek() === 'startswith' ? startsWith() : comparison()
  }

  const startsWith = (): Filter => {
    take()
    expect('(')
    const path = property(take())
    expect(',')
    const prefix = folded(literal(take()))
    expect(')')
    return object => {
      const value = folded(valueAt(object, path))
      return typeof value === 'string' && typeof prefix === 'string' && value.startsWith(prefix)
    }
  }
  const comparison = (): Filter => {
    const path = property(take())
    if (path.at(-1) === 'any') return any(path.slice(0, -1))
    const operator = take()?.toLowerCase()
    if (operator === 'in') {
      const values = list().map(folded)
      return object => values.includes(folded(valueAt(object, path)))
    }
    if (operator !== 'eq' && operator !== 'ne') throw invalidFilter(`the operator '${operator ?? ''}' is not supported`)
    const wanted = folded(literal(take()))
    return object => (folded(valueAt(object, path) ?? null) === wanted) === (operator === 'eq')
  }
  const any = (path: readonly string[]): Filter => {
    expect('(')
    const variable = property(take()).join('/')
    expect(':')
    expect(variable.toLowerCase())
    expect('eq')
    const wanted = folded(literal(take()))
    expect(')')
    return object => {
      const values = valueAt(object, path)
      return Array.isArray(values) && values.some(value => folded(value) === wanted)
    }
  }
  const list = (): unknown[] => {
    expect('(')
    const values = [literal(take())]
    while (peek() === ',') {
      take()
      values.push(literal(take()))
    }
    expect(')')
    return values
  }

  const filter = either()
  if (at < tokens.length) throw invalidFilter(`'${tokens[at]}' is unexpected`)
  return filter
}

/** Names, quoted text (a quote inside is doubled), and punctuation. */
function tokenize(text: string): string[] {
  if (text.length > 4096) throw invalidFilter('it is too long')
  const tokens: string[] = []
  const token = /\s*('(?:[^']|'')*'|[A-Za-z0-9_@.$/-]+|[(),:])/y
  while (token.lastIndex < text.trimEnd().length) {
    const start = token.lastIndex
    const found = token.exec(text)?.[1]
    if (found === undefined) throw invalidFilter(`'${text.slice(start, start + 20)}' is not understood`)
    tokens.push(found)
  }
  return tokens
}

function property(token: string | undefined): string[] {
  if (token === undefined || !/^[A-Za-z_@]/.test(token))
    throw invalidFilter(`a property was expected instead of '${token ?? ''}'`)
  return token.split('/')
}

function literal(token: string | undefined): unknown {
  if (token?.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'")
  if (token === 'true' || token === 'false') return token === 'true'
  if (token === 'null') return null
  if (token !== undefined && /^[0-9a-f-]+$/i.test(token)) return token
  throw invalidFilter(`a value was expected instead of '${token ?? ''}'`)
}

const valueAt = (object: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    object,
  )

const folded = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value)
