import { parseResourceId, type ResourceId, resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import type { Parts } from '../../parts.ts'
import { resourceGroupNotFound } from '../errors.ts'
import type { Job } from '../resource-type.ts'
import { EvaluationError, type Reference } from './expressions/evaluate.ts'
import { namesOf, requestPath } from './resource-ids.ts'
import { type Step, stepsOf } from './steps.ts'
import type { Template } from './template.ts'
import { type TemplateScope, templateScope } from './template-scope.ts'

/** What a deployment needs to be carried out, sealed at rest: parameters may hold passwords. */
export type PlannedDeployment = {
  readonly template: Template
  readonly parameters: Readonly<Record<string, unknown>>
  readonly correlationId: string
}

export type Plan = {
  readonly template: Template
  readonly scope: TemplateScope
  readonly steps: readonly Step[]
  readonly correlationId: string
  /** Reads resources as who asked for the deployment may read them. */
  reference(job: Job): Reference
}

const seeTarget = systemGrant('see where a deployment goes')

/** From a template with its values to its resources in order. `target` is the deployment's own id. Throws 400 or 404. */
export async function planOf(
  { store, directory }: Pick<Parts, 'store' | 'directory'>,
  { template, parameters, correlationId }: PlannedDeployment,
  target: ResourceId,
): Promise<Plan> {
  const container = resourceId(target.container)
  const group = container.resourceGroup === '' ? undefined : await store.resources.get(seeTarget, container)
  if (container.resourceGroup !== '' && !group) throw resourceGroupNotFound(container.resourceGroup)
  const scope = templateScope(template, parameters, {
    subscriptionId: target.subscriptionId,
    tenantId: directory.tenantId,
    deploymentName: target.name,
    resourceGroup: group && { name: group.id.name, id: group.id.text, location: group.body.location ?? '' },
  })
  const steps = await stepsOf(template, scope, container)
  return { template, scope, steps, correlationId, reference: job => referenceIn(job, steps, correlationId) }
}

function referenceIn(job: Job, steps: readonly Step[], correlationId: string): Reference {
  return async (resource, apiVersion, how) => {
    const name = resource.toLowerCase()
    const step = steps.find(({ id }) => namesOf(id).includes(name))
    const id = step?.id ?? parseResourceId(resource)
    const version = apiVersion ?? step?.apiVersion
    if (!id) throw new EvaluationError(`The resource '${resource}' is not defined in the template`)
    if (version === undefined) throw new EvaluationError(`The reference to '${resource}' has no API version`)
    const asker = job.operation.requestedBy ?? ''
    const response = await job.askFor(asker, 'GET', requestPath(id, version), { correlationId })
    const answer = (await response.json()) as { properties?: unknown; error?: { message?: string } }
    if (!response.ok) throw new EvaluationError(answer.error?.message ?? `'${resource}' cannot be read`)
    return how === 'full' ? { ...answer, apiVersion: version } : answer.properties
  }
}
