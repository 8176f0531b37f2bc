import { resourceId } from '../../../wire/resource-id.ts'
import { systemGrant } from '../../access/grant.ts'
import { AzureError } from '../../errors.ts'
import { atMost } from '../../queues.ts'
import type { Resource } from '../../store/resources.ts'
import { CanceledWork } from '../async-work.ts'
import { storable } from '../envelope.ts'
import type { Job } from '../resource-type.ts'
import { type Detail, deploymentFailed } from './errors.ts'
import { shownType } from './parameters.ts'
import { type Plan, type PlannedDeployment, planOf } from './plan.ts'
import { beganStep, duration, type StepRecord, storedDeployment } from './record.ts'
import { requestPath } from './resource-ids.ts'
import type { Step } from './steps.ts'

const keepRecord = systemGrant('record how a deployment proceeds')

/** A resource that could not be deployed, in the words of who refused it. */
class StepFailed extends Error {
  readonly status: number
  readonly detail: Detail

  constructor(status: number, detail: Detail) {
    super(detail.message)
    this.status = status
    this.detail = detail
  }
}

type Outcome = 'done' | 'failed' | 'not begun'

/** Each holds its body, which may be megabytes, until its answer is there. */
const bodiesAtOnce = 16

/**
 * Carries a deployment out: every resource as a PUT of its own by whoever asked for the deployment, as soon as what it
 * depends on is there. Begun again after a crash, it leaves alone what it had finished. Throws Azure's DeploymentFailed.
 */
export async function runDeployment(job: Job): Promise<void> {
  const { operation } = job
  const limited = atMost(bodiesAtOnce)
  const target = resourceId(operation.target)
  const plan = await planOf(job, operation.input as PlannedDeployment, target)
  const outcomes = new Map<string, Promise<Outcome>>()
  for (const step of plan.steps) {
    const before = step.after.map(key => outcomes.get(key))
    outcomes.set(
      step.id.key,
      Promise.all(before).then(ended =>
        ended.every(one => one === 'done') ? stepTaken(job, plan, step, limited) : 'not begun',
      ),
    )
  }
  const ended = await Promise.all(outcomes.values())
  const stored = await deploymentNow(job)
  if (stored && storedDeployment(stored).isCanceled && ended.includes('not begun')) {
    await finish(job, { provisioningState: 'Canceled' })
    throw new CanceledWork('DeploymentCanceled', `The deployment '${target.name}' was canceled.`)
  }
  if (ended.some(one => one !== 'done')) {
    throw await failed(job, stored ? storedDeployment(stored).steps.flatMap(({ error }) => error ?? []) : [])
  }
  const outputs = await evaluated(() => outputsOf(job, plan)).catch(async error => {
    throw error instanceof StepFailed ? await failed(job, [error.detail]) : error
  })
  await finish(job, { outputs, outputResources: plan.steps.map(({ id }) => ({ id: id.text })) })
}

async function failed(job: Job, details: readonly Detail[]): Promise<Error> {
  const failure = deploymentFailed(job.operation.target, details)
  await finish(job, { error: { code: failure.code, message: failure.message, ...failure.extra } })
  return failure
}

const deploymentNow = ({ store, operation }: Job) => store.resources.get(keepRecord, resourceId(operation.target))

async function stepTaken(job: Job, plan: Plan, step: Step, limited: ReturnType<typeof atMost>): Promise<Outcome> {
  const now = await deploymentNow(job)
  // Whoever deletes a resource group takes its deployments with it.
  if (!now || storedDeployment(now).isCanceled) return 'not begun'
  const known = storedDeployment(now).steps.find(({ target }) => target === step.id.text)
  if (known?.state === 'Succeeded') return 'done'
  const record = known?.state === 'Running' ? known : beganStep(step.id, job.clock)
  await note(job, record)
  try {
    const { status, work } = await limited(() => putResource(job, plan, step))
    if (work !== undefined) await waitFor(job, work)
    await note(job, { ...record, state: 'Succeeded', status, endedAt: job.clock.now() })
    return 'done'
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    const { status, detail } = error
    await note(job, { ...record, state: 'Failed', status, endedAt: job.clock.now(), error: detail })
    return 'failed'
  }
}

/** What of a resource in a template is for the deployment and not for the resource. */
const forDeployment = ['name', 'type', 'apiVersion', 'dependsOn', 'condition', 'scope', 'comments', 'resources']
const forNested = ['resourceGroup', 'subscriptionId']

/** Resolves with the status of the answer, and with the operation that the PUT set going. Throws StepFailed. */
async function putResource(
  job: Job,
  { scope, correlationId, reference }: Plan,
  step: Step,
): Promise<{ status: number; work: string | undefined }> {
  const members = Object.entries(step.resource).filter(([name]) => ![...forDeployment, ...forNested].includes(name))
  const body = await evaluated(() =>
    bodyOf(Object.fromEntries(members), part => scope.value(part, `resource '${step.id.name}'`, reference(job))),
  )
  const path = requestPath(step.id, step.apiVersion)
  const response = await job.askFor(job.operation.requestedBy ?? '', 'PUT', path, { body, correlationId })
  if (!response.ok) throw new StepFailed(response.status, await errorIn(response))
  const poll = response.headers.get('azure-asyncoperation')
  return { status: response.status, work: poll ? new URL(poll).pathname.split('/').at(-1) : undefined }
}

/** A nested template that is to be evaluated by its own deployment is passed on as it is. */
async function bodyOf(body: Record<string, unknown>, evaluate: (part: unknown) => Promise<unknown>): Promise<unknown> {
  const properties = body.properties as { expressionEvaluationOptions?: { scope?: string }; template?: unknown }
  if (properties?.expressionEvaluationOptions?.scope?.toLowerCase() !== 'inner') return evaluate(body)
  const { template, ...rest } = properties
  const evaluatedBody = (await evaluate({ ...body, properties: rest })) as { properties: object }
  return { ...evaluatedBody, properties: { ...evaluatedBody.properties, template } }
}

async function evaluated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AzureError)) throw error
    throw new StepFailed(error.status, { code: error.code, message: error.message })
  }
}

async function waitFor({ asyncWork }: Job, operationId: string): Promise<void> {
  const ended = await asyncWork.ended(operationId)
  // The server is stopping: at its next start this goes on from here.
  if (!ended || ended.status === 'InProgress') throw new Error(`waiting for operation ${operationId} was interrupted`)
  if (ended.status === 'Succeeded') return
  throw new StepFailed(409, ended.error ?? { code: 'Canceled', message: 'The operation was canceled.' })
}

export async function errorIn(response: Response): Promise<Detail> {
  const answer = (await response.json()) as { error?: Detail }
  return answer.error ?? { code: String(response.status), message: 'The resource could not be deployed.' }
}

async function outputsOf(job: Job, { template, scope, reference }: Plan): Promise<Record<string, unknown>> {
  const outputs: Record<string, unknown> = {}
  for (const [name, { type, value, condition }] of Object.entries(template.outputs ?? {})) {
    if ((await scope.value(condition ?? true, `output '${name}'`)) === false) continue
    const shown = await scope.value(value, `output '${name}'`, reference(job))
    outputs[name] = /^secure/i.test(type) ? { type: shownType(type) } : { type: shownType(type), value: shown }
  }
  storable({ properties: outputs })
  return outputs
}

async function note(job: Job, record: StepRecord): Promise<void> {
  await change(job, stored => {
    const { steps, ...rest } = storedDeployment(stored)
    const others = steps.filter(({ operationId }) => operationId !== record.operationId)
    return { ...stored.body, deployment: { ...rest, steps: [...others, record] } }
  })
}

async function finish(job: Job, result: Record<string, unknown>): Promise<void> {
  const now = job.clock.now()
  await change(job, stored => {
    const { startedAt } = storedDeployment(stored)
    const ended = { timestamp: new Date(now).toISOString(), duration: duration(now - startedAt) }
    return { ...stored.body, properties: { ...stored.body.properties, ...ended, ...result } }
  })
}

async function change({ store, operation }: Job, to: (stored: Resource) => Resource['body']): Promise<void> {
  await store.write(async tx => {
    const stored = await tx.resources.get(keepRecord, resourceId(operation.target))
    if (stored) await tx.resources.put(keepRecord, stored.id, to(stored))
  })
}
