import { isDeepStrictEqual } from 'node:util'
import { invalidTemplate, notSupportedYet } from './errors.ts'
import type { DeploymentWish, ParameterDefinition } from './template.ts'

type Values = Readonly<Record<string, unknown>>

const entryOf = <T>(all: Readonly<Record<string, T>>, name: string) =>
  Object.entries(all).find(([one]) => one.toLowerCase() === name.toLowerCase())

/**
 * The values that were given for a template's parameters, checked against their definitions. Defaults are not among
 * them: they may be expressions. Throws 400.
 */
export function givenParameters({ template, parameters }: Pick<DeploymentWish, 'template' | 'parameters'>): Values {
  const defined = template.parameters ?? {}
  const unknown = Object.keys(parameters).filter(name => !entryOf(defined, name))
  if (unknown.length > 0) {
    throw invalidTemplate(
      `The template parameters '${unknown.join(', ')}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${Object.keys(defined).join(', ')}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.`,
    )
  }
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(defined)) {
    const given = entryOf(parameters, name)?.[1]
    if (given?.reference) throw notSupportedYet(`the value of its parameter '${name}' is in a key vault`)
    const value = given?.value ?? undefined
    if (value === undefined) {
      if (definition.defaultValue === undefined) {
        throw invalidTemplate(
          `The value for the template parameter '${name}' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.`,
        )
      }
      continue
    }
    checkParameter(name, definition, value)
    values[name] = value
  }
  return values
}

/** Throws 400. Called with defaults, too, once they are known. */
export function checkParameter(name: string, definition: ParameterDefinition, value: unknown): void {
  const expected = jsonTypes[definition.type.toLowerCase()]
  if (!expected) throw invalidTemplate(`The type '${definition.type}' of the template parameter '${name}' is not valid`)
  const actual = jsonType(value)
  if (actual !== expected) {
    throw invalidTemplate(
      `Template parameter JToken type is not valid. Expected '${expected}'. Actual '${actual}'. Please see https://aka.ms/arm-create-parameter-file for usage details.`,
    )
  }
  const { allowedValues, minValue, maxValue, minLength, maxLength } = definition
  if (allowedValues && !allowedValues.some(allowed => isDeepStrictEqual(allowed, value))) {
    const shown = isSecure(definition) ? '' : ` '${String(value)}'`
    throw invalidTemplate(
      `The provided value${shown} for the template parameter '${name}' is not valid. The value is not part of the allowed value(s): '${allowedValues.join(',')}'.`,
    )
  }
  const length = typeof value === 'string' || Array.isArray(value) ? value.length : undefined
  const isOutside =
    (typeof value === 'number' && (value < (minValue ?? value) || value > (maxValue ?? value))) ||
    (length !== undefined && (length < (minLength ?? 0) || length > (maxLength ?? length)))
  if (isOutside) {
    throw invalidTemplate(`The provided value for the template parameter '${name}' is outside of its limits`)
  }
}

const jsonTypes: Readonly<Record<string, string>> = {
  string: 'String',
  securestring: 'String',
  int: 'Integer',
  bool: 'Boolean',
  array: 'Array',
  object: 'Object',
  secureobject: 'Object',
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'Array'
  if (typeof value === 'string') return 'String'
  if (typeof value === 'boolean') return 'Boolean'
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Float'
  return value === null ? 'Null' : 'Object'
}

export const isSecure = ({ type }: Pick<ParameterDefinition, 'type'>): boolean => /^secure/i.test(type)

const shownTypes: Readonly<Record<string, string>> = {
  securestring: 'SecureString',
  secureobject: 'SecureObject',
  int: 'Int',
  bool: 'Bool',
}

/** `string` → `String`, as a deployment shows the types of parameters and outputs. */
export const shownType = (type: string): string =>
  shownTypes[type.toLowerCase()] ?? `${type.slice(0, 1).toUpperCase()}${type.slice(1).toLowerCase()}`
