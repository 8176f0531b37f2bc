// Conditions narrow what a role assignment grants: `((!(ActionMatches{'…'})) OR (@Request[…] … {…}))`.
// Azure does not document what a comparison with an absent attribute yields. Here it is neither true nor false, and so
// is its negation: a condition that hangs on something unknown is not met. `Exists` is how an author allows for absence.
import type { AttributeValue, Comparable, Operator } from './condition-operators.ts'
import { readValue } from './condition-operators.ts'
import { actionMatches } from './wildcard.ts'

export type { AttributeValue } from './condition-operators.ts'
export { ConditionSyntaxError, parseCondition } from './condition-parser.ts'

export type AttributeSource = 'Request' | 'Resource' | 'Principal' | 'Environment'

type Attribute = { readonly source: AttributeSource; readonly name: string }

export type Operand = Attribute | { readonly values: readonly Comparable[] }

/** How many values of each side must take part for a comparison of two sets to hold. */
export type Quantifier = { readonly left: 'any' | 'all'; readonly right: 'any' | 'all' }

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | { readonly kind: 'action' | 'subOperation'; readonly pattern: string }
  | ({ readonly kind: 'exists' } & Attribute)
  | {
      readonly kind: 'compare'
      readonly operator: Operator
      readonly quantifier: Quantifier | undefined
      readonly left: Operand
      readonly right: Operand
    }

/** Looks up what stands in the brackets of `@Request[…]`, for instance `Microsoft.Authorization/roleAssignments:RoleDefinitionId`; undefined where the request has no such attribute. */
export type Attributes = (
  source: AttributeSource,
  name: string,
) => AttributeValue | readonly AttributeValue[] | undefined

export type Circumstances = {
  readonly action: string
  /** Such as `Blob.List`, for the few actions that are divided further. */
  readonly subOperation?: string | undefined
  readonly attributes: Attributes
}

/** Whether the condition is met. What cannot be told, for want of an attribute or because its value is of the wrong kind, is not met. */
export const evaluate = (condition: Condition, circumstances: Circumstances): boolean =>
  truth(condition, circumstances) === true

type Truth = boolean | undefined

const truth = (condition: Condition, circumstances: Circumstances): Truth => {
  switch (condition.kind) {
    case 'and':
      return decidedBy(false, condition.terms, circumstances)
    case 'or':
      return decidedBy(true, condition.terms, circumstances)
    case 'not':
      return negate(truth(condition.term, circumstances))
    case 'action':
      return actionMatches(condition.pattern, circumstances.action)
    case 'subOperation':
      // A request without a sub-operation matches none; that much is known.
      return circumstances.subOperation !== undefined && actionMatches(condition.pattern, circumstances.subOperation)
    case 'exists':
      return listOf(circumstances.attributes(condition.source, condition.name)).length > 0
    case 'compare':
      return compare(condition, circumstances.attributes)
  }
}

// One false term settles AND, one true term settles OR; failing that, one unknown term leaves it unknown.
const decidedBy = (settling: boolean, terms: readonly Condition[], circumstances: Circumstances): Truth => {
  let result: Truth = !settling
  for (const term of terms) {
    const value = truth(term, circumstances)
    if (value === settling) return settling
    if (value === undefined) result = undefined
  }
  return result
}

const negate = (value: Truth): Truth => (value === undefined ? undefined : !value)

const compare = (
  { operator, quantifier, left, right }: Extract<Condition, { kind: 'compare' }>,
  attributes: Attributes,
): Truth => {
  const lefts = valuesOf(left, operator, attributes)
  const rights = valuesOf(right, operator, attributes)
  if (lefts === undefined || rights === undefined) return undefined
  if (quantifier === undefined) {
    const [a, ...moreLefts] = lefts
    const [b, ...moreRights] = rights
    const isPair = a !== undefined && b !== undefined && moreLefts.length === 0 && moreRights.length === 0
    return isPair ? operator.holds(a, b) : undefined
  }
  return take(quantifier.left, lefts, a => take(quantifier.right, rights, b => operator.holds(a, b)))
}

const take = (howMany: 'any' | 'all', values: readonly Comparable[], test: (value: Comparable) => boolean): boolean =>
  howMany === 'any' ? values.some(test) : values.every(test)

// No value at all counts as absent: "all of none" would otherwise hold.
const valuesOf = (operand: Operand, { kind }: Operator, attributes: Attributes): readonly Comparable[] | undefined => {
  if ('values' in operand) return operand.values
  const found = listOf(attributes(operand.source, operand.name))
  const read = found.map(value => readValue(kind, value)).filter(value => value !== undefined)
  return read.length > 0 && read.length === found.length ? read : undefined
}

const listOf = (value: AttributeValue | readonly AttributeValue[] | undefined): readonly AttributeValue[] =>
  value === undefined ? [] : typeof value === 'object' ? value : [value]
