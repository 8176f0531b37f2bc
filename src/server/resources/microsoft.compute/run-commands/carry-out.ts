import type { CommandResult } from '../../../../wire/agent-report.ts'
import type { WantedCommand } from '../../../../wire/goal-state.ts'
import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { Preempted } from '../../../arm/async-work.ts'
import type { Job } from '../../../arm/resource-type.ts'
import { AzureError } from '../../../errors.ts'
import { vmIdOf } from '../../../machines/facts.ts'
import type { Resource } from '../../../store/resources.ts'
import { knownScript } from './known-scripts.ts'
import { runInMachine } from './run-in-machine.ts'
import { type InstanceView, properties, runCommandType, sealedSecrets } from './stored-command.ts'

const defaultTimeoutSec = 3600
const keep = systemGrant('keep what a command in a machine has said')

/** Has the machine run the command. One that nobody waits for is waited for by work of its own, over restarts, too. */
export async function carryOut(job: Job): Promise<void> {
  const { resource, operation, store, asyncWork } = job
  if (!resource) return
  const { asyncExecution, treatFailureAsDeploymentFailure } = properties.parse(resource.body.properties)
  if (asyncExecution) {
    const waiting = await store.write(tx =>
      asyncWork.plan(tx, keep, {
        kind: `${runCommandType}/outcome`,
        target: operation.target,
        input: { command: resource.body.command },
      }),
    )
    void asyncWork.begin(waiting)
    return
  }
  const { executionState, executionMessage, exitCode } = await keepOutcome(job)
  if (executionState !== 'Succeeded' && treatFailureAsDeploymentFailure) {
    throw new AzureError(
      409,
      'VMExtensionProvisioningError',
      `VM has reported a failure when processing extension '${resource.id.name}'. Error message: '${executionMessage ?? `exit status=${exitCode}`}'.`,
    )
  }
}

/** Waits for the command's end, and keeps what came of it. */
export async function keepOutcome(job: Job): Promise<InstanceView> {
  const { resource, operation, store } = job
  if (!resource) throw new Preempted()
  const { command } = resource.body
  const planned = operation.input as { command?: unknown } | undefined
  if (planned?.command !== undefined && planned.command !== command) throw new Preempted()
  const demandWanted = async () => {
    const now = await store.resources.get(keep, resource.id)
    if (now?.body.command !== command) throw new Preempted()
  }
  const note = (outcome: InstanceView) =>
    store.write(async tx => {
      const now = await tx.resources.get(keep, resource.id)
      if (now && now.body.command === command) await tx.resources.put(keep, now.id, { ...now.body, outcome })
    })
  try {
    const vm = await store.resources.get(keep, resourceId(resource.id.container))
    if (!vm) throw new Preempted()
    const wish = { command: commandOf(job, resource), name: vm.id.name, demandWanted }
    const outcome = view(await runInMachine(job, vmIdOf(vm), wish))
    await note(outcome)
    return outcome
  } catch (error) {
    // The machine went down, and nobody knows how far the script came.
    if (error instanceof AzureError && !(error instanceof Preempted))
      await note({ executionState: 'Unknown', executionMessage: error.message })
    throw error
  }
}

function commandOf({ store }: Job, resource: Resource): WantedCommand {
  const { source = {}, parameters = [], ...wish } = properties.parse(resource.body.properties)
  const { protectedParameters, scriptUri = source.scriptUri } = sealedSecrets.open(store, resource)
  return {
    id: String(resource.body.command),
    source:
      scriptUri === undefined
        ? { script: source.script ?? knownScript(source.commandId ?? '') ?? '' }
        : { uri: scriptUri, identity: identityOf(source.scriptUriManagedIdentity) },
    parameters,
    protectedParameters,
    user: wish.runAsUser ?? 'root',
    timeoutSec: wish.timeoutInSeconds ?? defaultTimeoutSec,
  }
}

const identityOf = (wish: { clientId?: string | undefined; objectId?: string | undefined } | undefined) =>
  wish
    ? {
        ...(wish.clientId === undefined ? {} : { clientId: wish.clientId }),
        ...(wish.objectId === undefined ? {} : { objectId: wish.objectId }),
      }
    : null

function view({ exitCode, stdout, stderr, problem, startedAt, endedAt }: CommandResult): InstanceView {
  const failure = /killed after/.test(problem) ? 'TimedOut' : 'Failed'
  return {
    executionState: exitCode === 0 ? 'Succeeded' : failure,
    ...(problem === '' ? {} : { executionMessage: problem }),
    ...{ exitCode, output: stdout, error: stderr, startTime: startedAt, endTime: endedAt },
  }
}
