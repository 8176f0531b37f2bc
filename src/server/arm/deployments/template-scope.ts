import { invalidExpression } from './errors.ts'
import { EvaluationError, evaluate, evaluateAll, type Reference, type Scope } from './expressions/evaluate.ts'
import { functions } from './expressions/functions.ts'
import { type Expression, ExpressionSyntaxError } from './expressions/parse.ts'
import { checkParameter } from './parameters.ts'
import type { Template } from './template.ts'

export type Where = Pick<Scope, 'subscriptionId' | 'resourceGroup' | 'tenantId' | 'deploymentName'>

/** A template with the values it is deployed with: what its expressions mean. */
export type TemplateScope = {
  /**
   * A part of the template with its expressions replaced; `what` names it in errors. Without `reference`, expressions
   * that ask for the state of resources are refused. Throws 400.
   */
  value(part: unknown, what: string, reference?: Reference): Promise<unknown>
  /** One expression, which must not ask for the state of resources. */
  expression(expression: Expression, what: string): Promise<unknown>
  parameter(name: string): Promise<unknown>
}

type Kind = 'parameter' | 'variable'

export function templateScope(
  template: Template,
  given: Readonly<Record<string, unknown>>,
  where: Where,
): TemplateScope {
  const known = new Map<string, unknown>()

  /** `open` are those that are being evaluated: one that needs itself would never end. */
  const scopeIn = (open: readonly string[], reference: Reference | undefined): Scope => ({
    ...where,
    reference,
    parameter: name => look('parameter', name, open, undefined),
    variable: name => look('variable', name, open, reference),
  })

  async function look(kind: Kind, asked: string, open: readonly string[], reference: Reference | undefined) {
    const names = Object.keys((kind === 'parameter' ? template.parameters : template.variables) ?? {})
    const name = names.find(one => one.toLowerCase() === asked.toLowerCase())
    if (name === undefined) throw new EvaluationError(`The template ${kind} '${asked}' is not found`)
    const key = `${kind} ${name}`
    if (known.has(key)) return known.get(key)
    if (open.includes(key)) throw new EvaluationError(`The template ${kind} '${name}' is defined by itself`)
    const value = await evaluated(kind, name, scopeIn([...open, key], reference))
    // What may have read the state of a resource is read anew each time.
    if (!reference) known.set(key, value)
    return value
  }

  async function evaluated(kind: Kind, name: string, scope: Scope): Promise<unknown> {
    if (kind === 'variable') return evaluateAll(template.variables?.[name], scope, functions)
    const definition = template.parameters?.[name]
    if (!definition || name in given) return given[name]
    const value = await evaluateAll(definition.defaultValue, scope, functions)
    checkParameter(name, definition, value)
    return value
  }

  return {
    value: (part, what, reference) => explained(what, () => evaluateAll(part, scopeIn([], reference), functions)),
    expression: (expression, what) => explained(what, () => evaluate(expression, scopeIn([], undefined), functions)),
    parameter: name => explained(`parameter '${name}'`, () => look('parameter', name, [], undefined)),
  }
}

/** Does something with expressions of a template; what is wrong with them is said as Azure says it. Throws 400. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof ExpressionSyntaxError) {
      throw invalidExpression(what, error.message)
    }
    throw error
  }
}
