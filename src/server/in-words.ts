import type * as z from 'zod'

const expectations: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

/**
 * What is wrong with a part of a body, for people who do not know what checks it: handed to `safeParse` as `error`, it
 * stands in for the checker's own words and gives way to those of a schema. Undefined leaves it at the checker's.
 */
export const inWords: z.core.$ZodErrorMap = issue => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'it is missing'
      return `${expectations[issue.expected] ?? issue.expected} was expected`
    case 'invalid_value':
      return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')} was expected`
    case 'too_big':
      return limit(issue.origin, Number(issue.maximum), 'at most')
    case 'too_small':
      return limit(issue.origin, Number(issue.minimum), 'at least')
    case 'invalid_key':
      return `it has a member that cannot be called so: ${issue.issues[0]?.message ?? 'not understood'}`
    case 'invalid_format':
      return 'it is not well formed'
    case 'invalid_union':
      return 'it is none of what could be here'
    default:
      return undefined
  }
}

function limit(origin: string, edge: number, side: 'at most' | 'at least'): string {
  const verb = side === 'at most' ? 'may' : 'must'
  if (origin === 'string') return `it ${verb} have ${edge} characters ${side}`
  if (origin === 'array') return `there ${verb} be ${edge} of them ${side}`
  return `it ${verb} be ${edge} ${side}`
}
