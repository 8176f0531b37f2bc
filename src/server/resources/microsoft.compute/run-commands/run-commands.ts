import * as z from 'zod'
import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { defineResource, type Job } from '../../../arm/resource-type.ts'
import { AzureError } from '../../../errors.ts'
import { vmIdOf } from '../../../machines/facts.ts'
import type { Resource, ResourceBody } from '../../../store/resources.ts'
import { mergePatch } from '../../merge-patch.ts'
import { computeVersions } from '../api-versions.ts'
import { commandNeedsRunningMachine, invalidParameter, realMachineNeeded } from '../refusals.ts'
import { runInMachine } from './run-in-machine.ts'

/** Scripts as resources: each PUT runs one, and its outcome stays in the instance view. */

const parameter = z.object({ name: z.string(), value: z.string() })

const properties = z.looseObject({
  source: z.looseObject({ script: z.string().optional(), scriptUri: z.string().optional() }).optional(),
  parameters: z.array(parameter).optional(),
  /** Never stored but sealed, with the work that needs them. */
  protectedParameters: z.array(parameter).optional(),
  runAsUser: z.string().optional(),
  runAsPassword: z.string().optional(),
  timeoutInSeconds: z
    .int()
    .min(1)
    .max(90 * 60)
    .optional(),
  asyncExecution: z.boolean().optional(),
  treatFailureAsDeploymentFailure: z.boolean().optional(),
})
type Properties = z.infer<typeof properties>

const input = z.object({ protectedParameters: z.array(parameter) })

type InstanceView = {
  readonly executionState: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Canceled' | 'Unknown'
  readonly executionMessage?: string
  readonly exitCode?: number
  readonly output?: string
  readonly error?: string
  readonly startTime?: string
  readonly endTime?: string
}

const defaultTimeoutSec = 3600
const keepOutcome = systemGrant('keep what a command in a machine has said')

export const runCommands = defineResource<Properties>({
  type: 'Microsoft.Compute/virtualMachines/runCommands',
  apiVersions: computeVersions.filter(version => version >= '2020-06-01'),
  location: 'none',
  properties,

  put({ cx, id, body }) {
    if (cx.machines.kind === 'none') {
      throw realMachineNeeded('put a command', resourceId(id.container).name, cx.machines.missing)
    }
    const { protectedParameters = [], runAsUser, runAsPassword, instanceView: _view, ...shown } = body.properties
    if (!shown.source?.script?.trim())
      throw invalidParameter('source.script', "Required parameter 'source.script' is missing (null).")
    if (runAsUser !== undefined || runAsPassword !== undefined) {
      throw invalidParameter('runAsUser', 'Commands run as root here; let the script itself change to another user.')
    }
    const { outcome: _outcome, ...envelope } = body
    return {
      body: { ...envelope, properties: { ...shown, provisioningState: 'Creating' } },
      work: { protectedParameters },
    }
  },

  patch: ({ body }, patch) =>
    ({ ...body, properties: mergePatch(body.properties, { ...(patch.properties as object) }) }) as ResourceBody,

  work: { write: carryOut },

  render({ resource, expand }) {
    const { outcome, properties, ...rest } = resource.body
    const view = expand.includes('instanceview') ? { instanceView: outcome ?? { executionState: 'Pending' } } : {}
    return { ...rest, properties: { ...properties, ...view } }
  },
})

async function carryOut(job: Job): Promise<void> {
  const { resource, operation, store } = job
  const vm = resource && (await store.resources.get(keepOutcome, resourceId(resource.id.container)))
  if (!resource || !vm) throw commandNeedsRunningMachine('')
  const wish = properties.parse(resource.body.properties)
  const { protectedParameters } = input.parse(operation.input)
  const command = {
    id: operation.id,
    script: wish.source?.script ?? '',
    parameters: [...(wish.parameters ?? []), ...protectedParameters],
    timeoutSec: wish.timeoutInSeconds ?? defaultTimeoutSec,
  }
  const running = runInMachine(job, vmIdOf(vm), { command, name: vm.id.name })
  const outcome = running.then(({ exitCode, stdout, stderr, problem, startedAt, endedAt }): InstanceView => {
    const state = exitCode === 0 ? 'Succeeded' : /killed after/.test(problem) ? 'TimedOut' : 'Failed'
    const message = problem === '' ? {} : { executionMessage: problem }
    return {
      executionState: state,
      ...message,
      exitCode,
      output: stdout,
      error: stderr,
      startTime: startedAt,
      endTime: endedAt,
    }
  })
  if (wish.asyncExecution) {
    // The request has ended when the command has begun; nobody is left to hear of a failure but the instance view.
    outcome.then(
      seen => keep(job, resource, seen),
      error => job.log.warn({ err: error, command: resource.id.text }, 'a command came to no end'),
    )
    return
  }
  const seen = await outcome
  await keep(job, resource, seen)
  if (seen.executionState !== 'Succeeded' && wish.treatFailureAsDeploymentFailure) {
    throw new AzureError(
      409,
      'VMExtensionProvisioningError',
      `VM has reported a failure when processing extension '${resource.id.name}'. Error message: '${seen.executionMessage ?? `exit status=${seen.exitCode}`}'.`,
    )
  }
}

async function keep({ store }: Job, { id }: Resource, outcome: InstanceView): Promise<void> {
  await store.write(async tx => {
    const now = await tx.resources.get(keepOutcome, id)
    if (now) await tx.resources.put(keepOutcome, id, { ...now.body, outcome })
  })
}
