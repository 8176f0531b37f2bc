import type { ResourceId } from '../../../wire/resource-id.ts'
import { invalidTemplate, notSupportedYet } from './errors.ts'
import { callsOf, expressionIn } from './expressions/parse.ts'
import { idOfNamed, joinedName, namesOf } from './resource-ids.ts'
import type { Template, TemplateResource } from './template.ts'
import { explained, type TemplateScope } from './template-scope.ts'

/** One resource of a template: what to send where, and after which others. */
export type Step = {
  readonly id: ResourceId
  readonly apiVersion: string
  readonly location: string | undefined
  /** As the template has it, with its expressions. */
  readonly resource: TemplateResource
  /** The keys of the ids that must be there before. */
  readonly after: readonly string[]
}

type Defined = Omit<Step, 'after'> & {
  /** Left out by its condition: whoever depends on it need not wait. */
  readonly isLeftOut: boolean
  readonly dependsOn: readonly string[]
  /** What its expressions read, in the template or not. */
  readonly reads: readonly string[]
}

/**
 * The resources of a template in an order in which each comes after all that it depends on. `target` is the id of the
 * group or subscription that is deployed to. Throws 400.
 */
export async function stepsOf(template: Template, scope: TemplateScope, target: ResourceId): Promise<Step[]> {
  const defined = new Map<string, Defined>()
  for (const resource of flat(template.resources)) {
    const one = await define(resource, scope, target)
    if (defined.has(one.id.key)) {
      throw invalidTemplate(
        `The resource '${one.id.text}' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.`,
      )
    }
    defined.set(one.id.key, one)
  }
  const called = byName([...defined.values()])
  const steps = [...defined.values()].map(one => ({ ...one, after: dependencies(one, defined, called) }))
  return inOrder(steps.filter(({ isLeftOut }) => !isLeftOut))
}

/** Children may stand inside their parent, with the last part of type and name. */
function flat(resources: readonly TemplateResource[], parent?: TemplateResource): TemplateResource[] {
  return resources.flatMap(({ resources: children = [], ...resource }) => {
    const whole = parent
      ? { ...resource, type: `${parent.type}/${resource.type}`, name: joinedName(parent.name, resource.name) }
      : resource
    return [whole, ...flat(children, whole)]
  })
}

type Head = {
  readonly location: unknown
} & {
  [member in 'name' | 'type' | 'apiVersion' | 'scope' | 'resourceGroup' | 'subscriptionId']: string
} & { condition: unknown; dependsOn: string[] }

async function define(resource: TemplateResource, scope: TemplateScope, target: ResourceId): Promise<Defined> {
  if (resource.copy !== undefined) throw notSupportedYet('it has a copy loop')
  const { name, type, apiVersion, condition = true, dependsOn = [] } = resource
  const what = `resource '${name}'`
  const { scope: within = '', resourceGroup = '', subscriptionId = '', location = null } = resource
  const head = { name, type, apiVersion, condition, dependsOn, scope: within, resourceGroup, subscriptionId, location }
  const literal = (await scope.value(head, what)) as Head
  return {
    id: idOfNamed(literal, target),
    apiVersion: literal.apiVersion,
    location: typeof literal.location === 'string' ? literal.location : undefined,
    resource,
    isLeftOut: literal.condition === false,
    dependsOn: literal.dependsOn,
    reads: await namedByReferences(resource, scope, what),
  }
}

/** The ids and names that the expressions of a resource read the state of. */
async function namedByReferences(resource: TemplateResource, scope: TemplateScope, what: string): Promise<string[]> {
  const calls = await explained(what, async () =>
    textsIn(resource).flatMap(text => {
      const expression = expressionIn(text)
      return expression ? callsOf(expression, 'reference') : []
    }),
  )
  const named: string[] = []
  for (const { args } of calls) {
    const [first] = args
    // What is read of something that has to be read first is known only then.
    if (first && callsOf(first, 'reference').length === 0) named.push(String(await scope.expression(first, what)))
  }
  return named
}

function textsIn(part: unknown): string[] {
  if (typeof part === 'string') return [part]
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(textsIn) : []
}

function byName(all: readonly Defined[]): (name: string) => readonly Defined[] {
  const named = new Map<string, Defined[]>()
  for (const one of all) {
    for (const name of new Set(namesOf(one.id))) named.set(name, [...(named.get(name) ?? []), one])
  }
  return name => named.get(name.toLowerCase().replace(/\/$/, '')) ?? []
}

function dependencies(
  { id, dependsOn, reads }: Defined,
  all: ReadonlyMap<string, Defined>,
  called: ReturnType<typeof byName>,
): string[] {
  const named = dependsOn.flatMap(name => {
    const found = called(name)
    if (found.length === 1) return found
    if (found.length > 1) throw invalidTemplate(`Several resources of the template are called '${name}'`)
    throw invalidTemplate(
      `The resource '${name}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
    )
  })
  // A child that does not say so needs its parent all the same.
  const around = above(id.key).flatMap(key => all.get(key) ?? [])
  const needed = [...named, ...reads.flatMap(called), ...around].filter(one => !one.isLeftOut && one.id.key !== id.key)
  return [...new Set(needed.map(one => one.id.key))]
}

/** The ids that an id lies in: what is before each of its slashes. */
const above = (key: string): string[] => [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index))

function inOrder(steps: readonly Step[]): Step[] {
  const ordered: Step[] = []
  const waiting = new Map(steps.map(step => [step.id.key, step.after.length]))
  const behind = new Map<string, Step[]>()
  for (const step of steps) for (const key of step.after) behind.set(key, [...(behind.get(key) ?? []), step])
  let ready = steps.filter(({ after }) => after.length === 0)
  while (ready.length > 0) {
    const next = new Set<Step>()
    for (const { id, apiVersion, location, resource, after } of ready) {
      ordered.push({ id, apiVersion, location, resource, after })
      waiting.delete(id.key)
      for (const step of behind.get(id.key) ?? []) {
        const left = (waiting.get(step.id.key) ?? 0) - 1
        waiting.set(step.id.key, left)
        if (left === 0) next.add(step)
      }
    }
    ready = steps.filter(step => next.has(step))
  }
  if (waiting.size === 0) return ordered
  const names = steps.filter(({ id }) => waiting.has(id.key)).map(({ id }) => id.text)
  throw invalidTemplate(
    `Circular dependency detected on resource: '${names.join(', ')}'. Please see https://aka.ms/arm-syntax-resources for usage details.`,
  )
}
