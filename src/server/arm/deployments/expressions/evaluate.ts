import type { Meter } from './meter.ts'
import { type Expression, expressionIn, unescaped } from './parse.ts'

/** What an expression may ask of the template and of the world around it. */
export type Scope = {
  parameter(name: string): unknown
  variable(name: string): unknown
  readonly subscriptionId: string
  /** Undefined for a deployment to a subscription. */
  readonly resourceGroup: { readonly name: string; readonly id: string; readonly location: string } | undefined
  readonly tenantId: string
  readonly deploymentName: string
  /** A resource as it is now, or its properties alone. Undefined where nothing can be asked yet. */
  readonly reference: Reference | undefined
  readonly meter: Meter
}

export type Reference = (
  resource: string,
  apiVersion: string | undefined,
  how: 'full' | 'properties',
) => Promise<unknown>

export type TemplateFunction = (args: readonly unknown[], scope: Scope) => unknown | Promise<unknown>

/** An expression that cannot be made into a value. The message is what Azure says behind the place. */
export class EvaluationError extends Error {}

/**
 * A copy of a part of a template in which every expression is replaced by its value. One after the other, because what
 * one has found out the next need not: at once, values that are made of each other would be made ever again. Throws EvaluationError,
 * ExpressionSyntaxError, and whatever a reference throws.
 */
export async function evaluateAll(
  part: unknown,
  scope: Scope,
  functions: ReadonlyMap<string, TemplateFunction>,
): Promise<unknown> {
  if (typeof part === 'string') return evaluateText(part, scope, functions)
  if (Array.isArray(part)) return inTurn(part, one => evaluateAll(one, scope, functions))
  if (typeof part !== 'object' || part === null) return part
  const members = await inTurn(Object.entries(part), async ([name, value]) => [
    await evaluateText(name, scope, functions),
    await evaluateAll(value, scope, functions),
  ])
  return Object.fromEntries(members)
}

async function inTurn<T, V>(all: readonly T[], work: (one: T) => Promise<V>): Promise<V[]> {
  const done: V[] = []
  for (const one of all) done.push(await work(one))
  return done
}

async function evaluateText(text: string, scope: Scope, functions: ReadonlyMap<string, TemplateFunction>) {
  const expression = expressionIn(text)
  return expression ? evaluate(expression, scope, functions) : unescaped(text)
}

export async function evaluate(
  expression: Expression,
  scope: Scope,
  functions: ReadonlyMap<string, TemplateFunction>,
): Promise<unknown> {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'member':
      return member(await evaluate(expression.of, scope, functions), await evaluate(expression.key, scope, functions))
    case 'call': {
      const call = functions.get(expression.name.toLowerCase())
      if (!call) throw new EvaluationError(`The template function '${expression.name}' is not valid`)
      const args = await inTurn(expression.args, arg => evaluate(arg, scope, functions))
      return call(args, scope)
    }
  }
}

/** Members are found whatever the case of their letters, as everything in a template is. */
function member(of: unknown, key: unknown): unknown {
  if (Array.isArray(of) && typeof key === 'number') {
    if (key >= 0 && key < of.length) return of[key]
    throw new EvaluationError(`The language expression property array index '${key}' is out of bounds`)
  }
  if (typeof of === 'object' && of !== null && !Array.isArray(of)) {
    const name = String(key).toLowerCase()
    const found = Object.entries(of).find(([one]) => one.toLowerCase() === name)
    if (found) return found[1]
    throw new EvaluationError(
      `The language expression property '${key}' doesn't exist, available properties are '${Object.keys(of).join(', ')}'`,
    )
  }
  throw new EvaluationError(`The language expression property '${key}' can't be evaluated`)
}
