import { createHash, randomUUID } from 'node:crypto'
import type { ResourceId } from '../../../wire/resource-id.ts'
import type { Clock } from '../../clock.ts'
import type { Resource } from '../../store/resources.ts'
import { normalLocation } from '../envelope.ts'
import type { Detail } from './errors.ts'
import { isSecure, shownType } from './parameters.ts'
import type { Step } from './steps.ts'
import type { Template, VaultReference } from './template.ts'
import type { TemplateScope } from './template-scope.ts'

/** What became of one resource of a deployment. */
export type StepRecord = {
  readonly operationId: string
  readonly target: string
  readonly state: 'Running' | 'Succeeded' | 'Failed'
  readonly status: number
  readonly startedAt: number
  readonly endedAt?: number
  readonly error?: Detail
}

/** What the server keeps of a deployment beside what it shows. */
export type StoredDeployment = {
  readonly startedAt: number
  readonly steps: readonly StepRecord[]
  /** Set by who takes the deployment back: what runs is left to end, nothing more is begun. */
  readonly isCanceled?: true
}

export const storedDeployment = ({ body }: Pick<Resource, 'body'>): StoredDeployment =>
  body.deployment as StoredDeployment

export const isActive = ({ body }: Pick<Resource, 'body'>): boolean =>
  !['Succeeded', 'Failed', 'Canceled'].includes(String(body.properties.provisioningState))

export const beganStep = (id: ResourceId, clock: Clock): StepRecord => ({
  operationId: randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(),
  target: id.text,
  state: 'Running',
  status: 202,
  startedAt: clock.now(),
})

/**
 * What a deployment shows of itself from its beginning. Secure parameters have a type and no value; where it came from a
 * vault, they say from where.
 */
export async function shownProperties(
  template: Template,
  steps: readonly Step[],
  scope: TemplateScope,
  references: Readonly<Record<string, VaultReference>>,
) {
  const parameters: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(template.parameters ?? {})) {
    const type = shownType(definition.type)
    if (Object.hasOwn(references, name)) parameters[name] = { type, reference: references[name] }
    else parameters[name] = isSecure(definition) ? { type } : { type, value: await scope.parameter(name) }
  }
  const byKey = new Map(steps.map(step => [step.id.key, step.id]))
  return {
    templateHash: templateHash(template),
    parameters,
    mode: 'Incremental',
    providers: providersOf(steps),
    dependencies: steps
      .filter(({ after }) => after.length > 0)
      .map(({ id, after }) => ({
        dependsOn: after.flatMap(key => byKey.get(key) ?? []).map(shownTarget),
        ...shownTarget(id),
      })),
  }
}

export const shownTarget = ({ text, type, name }: ResourceId) => ({ id: text, resourceType: type, resourceName: name })

/** Azure's is a number, too. It tells templates apart and means nothing else. */
const templateHash = (template: Template): string =>
  createHash('sha256').update(JSON.stringify(template)).digest().readBigUInt64BE().toString()

function providersOf(steps: readonly Step[]) {
  const kinds = new Map<string, Map<string, Set<string | null>>>()
  for (const { id, location } of steps) {
    const at = id.type.indexOf('/')
    const namespace = id.type.slice(0, at)
    const types = kinds.get(namespace) ?? new Map<string, Set<string | null>>()
    const type = id.type.slice(at + 1)
    const locations = types.get(type) ?? new Set()
    types.set(type, locations.add(location === undefined ? null : normalLocation(location)))
    kinds.set(namespace, types)
  }
  return [...kinds].map(([namespace, types]) => ({
    namespace,
    resourceTypes: [...types].map(([resourceType, locations]) => ({ resourceType, locations: [...locations] })),
  }))
}

/** ISO 8601, as Azure writes it: `PT1.234S`. */
export const duration = (ms: number): string => `PT${(Math.max(0, ms) / 1000).toFixed(3)}S`
