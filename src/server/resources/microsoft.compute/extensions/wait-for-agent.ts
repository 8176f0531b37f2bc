import { resourceId } from '../../../../wire/resource-id.ts'
import { systemGrant } from '../../../access/grant.ts'
import { Preempted } from '../../../arm/async-work.ts'
import type { Job } from '../../../arm/resource-type.ts'
import { AzureError } from '../../../errors.ts'
import { vmIdOf } from '../../../machines/facts.ts'
import type { Resource } from '../../../store/resources.ts'
import { goalOf } from './goal-state.ts'
import { extensionProperties, outcomeOf, storedExtensionOf } from './stored-extension.ts'

const lookAtMachine = systemGrant('see what became of an extension')

/** Azure gives an extension this long. */
const limitMs = 90 * 60_000
/** Nobody reports that a machine was switched off or deleted. */
const lookAgainMs = 5_000

/** Waits until the agent has applied the settings that this work is about. Throws what Azure says when it cannot. */
export async function applied(job: Job): Promise<void> {
  const mine = job.resource && storedExtensionOf(job.resource)
  if (!job.resource || !mine) return
  const { suppressFailures } = extensionProperties(job.resource)
  const outcome = await untilKnown(job, async ({ extension }) => {
    const now = extension && storedExtensionOf(extension)
    // Another PUT, or a DELETE, has taken the place of the one we wait for.
    const isMine = now?.incarnation === mine.incarnation && now.sequenceNumber === mine.sequenceNumber
    if (!extension || !isMine || extension.body.properties.provisioningState === 'Deleting') throw new Preempted()
    const seen = outcomeOf(now)
    if (seen.state !== 'pending') return seen
    if (job.clock.now() - job.operation.createdAt < limitMs) return undefined
    throw provisioningTimeout(extension, seen.lastMessage)
  })
  if (outcome.state !== 'failed' || suppressFailures) return
  throw outcome.by === 'extension'
    ? provisioningError(job.resource, outcome.message)
    : handlerError(job.resource, outcome.message)
}

/** Waits until the agent has removed the extension. Nobody is waited for in a machine that does not run. */
export async function removed(job: Job): Promise<void> {
  if (!job.resource) return
  const { name } = job.resource.id
  await untilKnown(job, async ({ vm }) => {
    if (!vm || (await job.machines.powerState(vmIdOf(vm))) !== 'running') return true
    const heard = job.agents.lastReport(vmIdOf(vm))?.report
    const isGone = heard && !heard.handlers.some(one => one.name === name)
    return isGone && heard.goalState === (await goalOf(job, vm)).etag ? true : undefined
  })
}

type Seen = { readonly vm: Resource | undefined; readonly extension: Resource | undefined }

async function untilKnown<T>(job: Job, look: (seen: Seen) => Promise<T | undefined>): Promise<T> {
  const { store, agents, operation } = job
  const id = resourceId(operation.target)
  const vmId = resourceId(id.container)
  for (let isFirst = true; ; isFirst = false) {
    const vm = await store.resources.get(lookAtMachine, vmId)
    const machine = vm && vmIdOf(vm)
    const news = machine === undefined ? undefined : agents.news(machine)
    // After the news is asked for, so that nothing that follows is missed; it is for the agent.
    if (isFirst && machine !== undefined) agents.wake(machine)
    const found = await look({ vm, extension: await store.resources.get(lookAtMachine, id) })
    if (found !== undefined) return found
    const later = new Promise<void>(resolve => setTimeout(resolve, lookAgainMs).unref())
    await (news ? Promise.race([news, later]) : later)
  }
}

const named = (extension: Resource) => {
  const { publisher, type } = extensionProperties(extension)
  return { name: extension.id.name, publisher, type }
}

const provisioningError = (extension: Resource, message: string) => {
  const { name, publisher, type } = named(extension)
  return new AzureError(
    409,
    'VMExtensionProvisioningError',
    `VM has reported a failure when processing extension '${name}' (publisher '${publisher}' and type '${type}'). Error message: '${message}'.`,
  )
}

const handlerError = (extension: Resource, message: string) => {
  const { name, publisher, type } = named(extension)
  return new AzureError(
    409,
    'VMExtensionHandlerNonTransientError',
    `The handler for VM extension type '${publisher}.${type}' has reported terminal failure for VM extension '${name}' with error message: '${message}'.`,
  )
}

const provisioningTimeout = (extension: Resource, lastMessage: string) => {
  const { name, publisher, type } = named(extension)
  const last = lastMessage === '' ? '' : ` The last message it reported is '${lastMessage}'.`
  return new AzureError(
    409,
    'VMExtensionProvisioningTimeout',
    `Provisioning of VM extension '${name}' (publisher '${publisher}' and type '${type}') has timed out. Extension provisioning has taken too long to complete.${last}`,
  )
}
