// The comparison operators of role assignment conditions, version 2.0, as the condition format documents them.
// Each kind of value has one canonical form, so that comparing is comparing two strings or two numbers.
import { isLike } from './wildcard.ts'

export type AttributeValue = string | number | boolean

export type Comparable = string | number

export type ValueKind = 'string' | 'number' | 'boolean' | 'dateTime' | 'guid'

export type Operator = {
  readonly kind: ValueKind
  readonly holds: (left: Comparable, right: Comparable) => boolean
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const integer = /^-?\d{1,15}$/
// Azure compares all seven digits of the fraction; a Date would keep three.
const dateTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/

const readDateTime = (text: string): string | undefined => {
  const [, seconds, fraction = ''] = dateTime.exec(text) ?? []
  if (seconds === undefined) return undefined
  const time = Date.parse(`${seconds}Z`)
  // Parsing lets 30 February pass as 1 March.
  const exists = !Number.isNaN(time) && new Date(time).toISOString().startsWith(seconds)
  return exists ? `${seconds}.${fraction.padEnd(7, '0')}` : undefined
}

/** The canonical form of a value of that kind, or undefined where it is none. */
export const readValue = (kind: ValueKind, value: AttributeValue): Comparable | undefined => {
  const text = String(value)
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'number':
      return typeof value !== 'boolean' && integer.test(text) ? Number(text) : undefined
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() : undefined
    case 'dateTime':
      return readDateTime(text)
    case 'guid':
      return guid.test(text.toLowerCase()) ? text.toLowerCase() : undefined
  }
}

type StringTest = (left: string, right: string) => boolean

// Every string test comes in four: as it is, ignoring case, and the opposite of both.
const stringFamily = (name: string, test: StringTest): [string, Operator][] => {
  const exact: Operator['holds'] = (left, right) => test(String(left), String(right))
  const folded: Operator['holds'] = (left, right) => exact(String(left).toLowerCase(), String(right).toLowerCase())
  return [
    [`String${name}`, { kind: 'string', holds: exact }],
    [`String${name}IgnoreCase`, { kind: 'string', holds: folded }],
    [`StringNot${name}`, { kind: 'string', holds: (left, right) => !exact(left, right) }],
    [`StringNot${name}IgnoreCase`, { kind: 'string', holds: (left, right) => !folded(left, right) }],
  ]
}

const equality = (prefix: string, kind: ValueKind): [string, Operator][] => [
  [`${prefix}Equals`, { kind, holds: (left, right) => left === right }],
  [`${prefix}NotEquals`, { kind, holds: (left, right) => left !== right }],
]

// Both sides were read as the same kind, so they are two numbers or two equally long strings.
const order = (prefix: string, kind: ValueKind): [string, Operator][] => [
  [`${prefix}GreaterThan`, { kind, holds: (left, right) => left > right }],
  [`${prefix}GreaterThanEquals`, { kind, holds: (left, right) => left >= right }],
  [`${prefix}LessThan`, { kind, holds: (left, right) => left < right }],
  [`${prefix}LessThanEquals`, { kind, holds: (left, right) => left <= right }],
]

/** Every operator by its name in a condition. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...stringFamily('Equals', (left, right) => left === right),
  ...stringFamily('StartsWith', (left, right) => left.startsWith(right)),
  ...stringFamily('Like', isLike),
  ...equality('Numeric', 'number'),
  ...order('Numeric', 'number'),
  ...equality('DateTime', 'dateTime'),
  ...order('DateTime', 'dateTime'),
  ...equality('Bool', 'boolean'),
  ...equality('Guid', 'guid'),
])
