import { isDeepStrictEqual } from 'node:util'
import { invalidTemplate } from './errors.ts'
import type { DeploymentWish, ParameterDefinition, Template, VaultReference } from './template.ts'

type Values = Readonly<Record<string, unknown>>

const entryOf = <T>(all: Readonly<Record<string, T>>, name: string) =>
  Object.entries(all).find(([one]) => one.toLowerCase() === name.toLowerCase())

type Given = {
  readonly values: Values
  /** What has its value in a vault, and is to be checked when that is known. */
  readonly references: Readonly<Record<string, VaultReference>>
}

/**
 * What was given for a template's parameters, checked against their definitions. Defaults are not among the values: they
 * may be expressions. Throws 400.
 */
export function givenParameters({ template, parameters }: Pick<DeploymentWish, 'template' | 'parameters'>): Given {
  const defined = template.parameters ?? {}
  const unknown = Object.keys(parameters).filter(name => !entryOf(defined, name))
  if (unknown.length > 0) {
    throw invalidTemplate(
      `The template parameters '${unknown.join(', ')}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${Object.keys(defined).join(', ')}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.`,
    )
  }
  const values: Record<string, unknown> = {}
  const references: Record<string, VaultReference> = {}
  for (const [name, definition] of Object.entries(defined)) {
    const given = entryOf(parameters, name)?.[1]
    if (given?.reference) {
      if (given.value != null) throw invalidTemplate(`The parameter '${name}' has both a value and a reference`)
      if (definition.type.toLowerCase() !== 'securestring') throw notForSecrets(name, definition)
      references[name] = given.reference
      continue
    }
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
  return { values, references }
}

/** Or the secret would stand in the deployment for all to read. */
const notForSecrets = (name: string, { type }: ParameterDefinition) =>
  invalidTemplate(
    `The template parameter '${name}' of type '${shownType(type)}' cannot refer to a secret in a key vault: only parameters of type 'SecureString' can`,
  )

/** Values that came to be known later than those of `givenParameters`. Throws 400. */
export function checkParameters({ parameters = {} }: Pick<Template, 'parameters'>, values: Values): void {
  for (const [name, definition] of Object.entries(parameters)) {
    if (Object.hasOwn(values, name)) checkParameter(name, definition, values[name])
  }
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
