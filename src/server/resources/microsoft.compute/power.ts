import { accepted } from '../../arm/long-running.ts'
import type { Job, ResourceAction } from '../../arm/resource-type.ts'
import { machineFactsOf, storedMachineOf, vmIdOf } from '../../machines/facts.ts'
import type { Resource } from '../../store/resources.ts'
import { makeMachine } from './make-machine.ts'
import { markedForDeletion, operationNotAllowed } from './refusals.ts'

/** Starting and stopping machines: the request is noted and answered, the work follows. */

type PowerOff = { readonly graceful?: boolean }

const names = ['start', 'restart', 'powerOff', 'deallocate'] as const
type Name = (typeof names)[number]

export const powerActions: Readonly<Record<Name, ResourceAction>> = {
  start: action('start'),
  restart: action('restart'),
  powerOff: action('powerOff', url => ({
    graceful: url.searchParams.get('skipShutdown')?.toLowerCase() !== 'true',
  })),
  deallocate: action('deallocate'),
}

export const powerWork: Readonly<Record<Name, (job: Job) => Promise<void>>> = {
  async start(job) {
    const { resource, machines } = job
    if (!resource) return
    const isMade = machines.kind === 'none' ? storedMachineOf(resource).facts : machineFactsOf(resource)
    if (!isMade) return makeMachine(job)
    await machines.powerOn(vmIdOf(resource))
  },
  async restart({ resource, machines }) {
    if (!resource) return
    refuseDeallocated('restart', resource)
    await machines.restart(vmIdOf(resource))
  },
  async powerOff({ resource, machines, operation }) {
    if (!resource) return
    refuseDeallocated('powerOff', resource)
    const { graceful = true } = (operation.input ?? {}) as PowerOff
    await machines.powerOff(vmIdOf(resource), { graceful })
  },
  async deallocate({ resource, machines }) {
    if (resource) await machines.deallocate(vmIdOf(resource))
  },
}

function action(name: Name, input: (url: URL) => PowerOff = () => ({})): ResourceAction {
  return {
    async run(cx, resource) {
      if (resource.body.properties.provisioningState === 'Deleting') throw markedForDeletion(name, resource.id.name)
      if (name === 'restart' || name === 'powerOff') refuseDeallocated(name, resource)
      const kind = `Microsoft.Compute/virtualMachines/${name}`
      const operation = await cx.store.write(tx =>
        cx.asyncWork.plan(tx, cx.grant, {
          kind,
          target: resource.id.text,
          input: input(cx.url),
          caller: cx.caller,
        }),
      )
      void cx.asyncWork.begin(operation)
      return accepted(cx.url, operation, 202)
    },
  }
}

function refuseDeallocated(name: Name, vm: Resource): void {
  if (storedMachineOf(vm).power !== 'deallocated') return
  throw operationNotAllowed(
    `Operation '${name}' is not allowed on VM '${vm.id.name}' since the VM is either deallocated or marked to be deallocated.`,
  )
}
