import { invalidExpression } from './errors.ts'
import { EvaluationError, evaluate, evaluateAll, type Reference, type Scope } from './expressions/evaluate.ts'
import { functions } from './expressions/functions.ts'
import { type Meter, openMeter } from './expressions/meter.ts'
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

/** One pass over a part of a template, or over all that needs no reference. */
type Evaluation = {
  readonly reference: ((meter: Meter, ...asked: Parameters<Reference>) => Promise<unknown>) | undefined
  readonly meter: Meter
  readonly known: Map<string, unknown>
}

/** Parameters and variables that are made of others that are made of others. */
const deepest = 100

export function templateScope(
  template: Template,
  given: Readonly<Record<string, unknown>>,
  where: Where,
): TemplateScope {
  const planning: Evaluation = { reference: undefined, meter: openMeter(), known: new Map() }
  /** What may have read the state of a resource is read anew for each part. */
  const evaluationWith = (reference: Reference | undefined): Evaluation =>
    reference ? { reference: metered(reference), meter: openMeter(), known: new Map() } : planning

  /** `open` are those that are being evaluated: one that needs itself would never end. */
  const scopeIn = (open: readonly string[], { reference, meter, ...rest }: Evaluation): Scope => ({
    ...where,
    reference: reference && ((...asked) => reference(meter, ...asked)),
    meter,
    parameter: name => look('parameter', name, open, planning),
    variable: name => look('variable', name, open, { reference, meter, ...rest }),
  })

  async function look(kind: Kind, asked: string, open: readonly string[], evaluation: Evaluation) {
    const names = Object.keys((kind === 'parameter' ? template.parameters : template.variables) ?? {})
    const name = names.find(one => one.toLowerCase() === asked.toLowerCase())
    if (name === undefined) throw new EvaluationError(`The template ${kind} '${asked}' is not found`)
    const key = `${kind} ${name}`
    const { known, meter } = evaluation
    if (open.includes(key)) throw new EvaluationError(`The template ${kind} '${name}' is defined by itself`)
    if (open.length > deepest) throw new EvaluationError(`The template ${kind} '${name}' is nested too deeply`)
    if (known.has(key)) return known.get(key)
    const value = meter.measured(await evaluated(kind, name, scopeIn([...open, key], evaluation)))
    known.set(key, value)
    return value
  }

  async function evaluated(kind: Kind, name: string, scope: Scope): Promise<unknown> {
    if (kind === 'variable') return evaluateAll(template.variables?.[name], scope, functions)
    const definition = template.parameters?.[name]
    if (!definition || Object.hasOwn(given, name)) return given[name]
    const value = await evaluateAll(definition.defaultValue, scope, functions)
    checkParameter(name, definition, value)
    return value
  }

  return {
    value: (part, what, reference) =>
      explained(what, async () => {
        const evaluation = evaluationWith(reference)
        return evaluation.meter.measured(await evaluateAll(part, scopeIn([], evaluation), functions))
      }),
    expression: (expression, what) => explained(what, () => evaluate(expression, scopeIn([], planning), functions)),
    parameter: name => explained(`parameter '${name}'`, () => look('parameter', name, [], planning)),
  }
}

const metered =
  (reference: Reference) =>
  async (meter: Meter, ...asked: Parameters<Reference>): Promise<unknown> => {
    const found = await reference(...asked)
    meter.spend(JSON.stringify(found)?.length ?? 0)
    return found
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
