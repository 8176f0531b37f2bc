import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { parseResourceId, resourceId } from '../../wire/resource-id.ts'
import { type Change, type Grant, systemGrant } from '../access/grant.ts'
import type { Clock } from '../clock.ts'
import type { Caller } from '../door/operation.ts'
import { AzureError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AsyncOperation } from '../store/async-operations.ts'
import type { Store, Writes } from '../store/open.ts'
import type { Resource } from '../store/resources.ts'

/**
 * Work that outlives its request. It is planned in the transaction that promises it, begun after the commit, and begun
 * again at the next start when the server died in between. Work on one resource is done in order, one piece at a time.
 */
export type AsyncWork = {
  /** `kind` is `<resource type>/<write|delete|action>`; `input` is sealed at rest; `caller` may poll it to its end. */
  plan(
    tx: Writes,
    grant: Grant<Change>,
    wish: { kind: string; target: string; input?: unknown; caller?: Caller },
  ): Promise<AsyncOperation>
  /** After the commit of the transaction that planned it. Resolves when the work has ended; callers need not wait. */
  begin(operation: AsyncOperation): Promise<AsyncOperation>
  /** The piece of work of this id when it has ended; as it is stored when nothing is doing it. */
  ended(id: string): Promise<AsyncOperation | undefined>
  /** Takes up what an earlier process left unfinished. */
  resume(carriesOut: (kind: string) => Carry | undefined): Promise<void>
  /** Begins nothing more and waits for what runs, up to the limit. What is left goes on at the next start. */
  close(limitMs: number): Promise<void>
}

/** The piece of code that does a kind of work. It may return what a POST's `Location` is to answer. */
export type Carry = (operation: AsyncOperation, resource: Resource | undefined) => Promise<unknown>

/** What work throws that was taken back. What becomes of its resource, it has said itself by then. */
export class CanceledWork extends AzureError {
  constructor(code: string, message: string) {
    super(409, code, message)
  }
}

/** When newer work on the same resource has taken its place: the resource is the other's now. */
export class Preempted extends CanceledWork {
  constructor() {
    super('OperationPreempted', 'Operation execution has been preempted by a more recent operation.')
  }
}

const carryOut = systemGrant('carry out work that a request has promised')

/** Clients poll for minutes, not days. */
const keepEndedMs = 7 * 86_400_000

export function openAsyncWork(parts: { store: Store; clock: Clock; log: Log }): AsyncWork {
  const { store, clock, log } = parts
  const lastOn = new Map<string, Promise<unknown>>()
  const begun = new Map<string, Promise<AsyncOperation>>()
  let carriesOut: (kind: string) => Carry | undefined = () => undefined
  let closing = false

  async function end(operation: AsyncOperation, outcome: Partial<AsyncOperation>): Promise<AsyncOperation> {
    const ended: AsyncOperation = { ...operation, status: 'Succeeded', ...outcome, endedAt: clock.now() }
    await store.write(async tx => {
      await tx.asyncOperations.put(carryOut, ended)
      await settleResource(tx, ended)
      await tx.asyncOperations.removeEndedBefore(carryOut, clock.now() - keepEndedMs)
    })
    return ended
  }

  async function carry(operation: AsyncOperation): Promise<AsyncOperation> {
    const work = carriesOut(operation.kind)
    if (!work) return end(operation, { status: 'Failed', error: internalError(operation.id) })
    try {
      const resource = await store.resources.get(carryOut, resourceId(operation.target))
      // Whoever asked for the deletion first has had it done.
      if (!resource && verbOf(operation) === 'delete') return await end(operation, {})
      const result = await work(operation, resource)
      return await end(operation, result === undefined ? {} : { result })
    } catch (error) {
      if (closing) return operation
      if (!(error instanceof AzureError))
        log.error({ err: error, operation: operation.id, kind: operation.kind }, 'work failed')
      const shown =
        error instanceof AzureError
          ? { code: error.code, message: error.message, ...error.extra }
          : internalError(operation.id)
      return end(operation, { status: error instanceof CanceledWork ? 'Canceled' : 'Failed', error: shown })
    }
  }

  const work: AsyncWork = {
    async plan(tx, grant, { kind, target, input, caller }) {
      const operation: AsyncOperation = {
        id: randomUUID(),
        kind,
        target,
        subscriptionId: parseResourceId(target)?.subscriptionId ?? '',
        status: 'InProgress',
        createdAt: clock.now(),
        ...(input === undefined ? {} : { input }),
        ...(caller?.kind === 'principal' ? { requestedBy: caller.principal.objectId } : {}),
      }
      await tx.asyncOperations.put(grant, operation)
      return operation
    },

    begin(operation) {
      const key = operation.target.toLowerCase()
      const before = lastOn.get(key) ?? Promise.resolve()
      const mine = before.then(() => (closing ? operation : carry(operation)))
      lastOn.set(key, mine)
      begun.set(operation.id, mine)
      mine
        .catch(error => log.error({ err: error, operation: operation.id }, 'the end of work could not be recorded'))
        .finally(() => {
          if (lastOn.get(key) === mine) lastOn.delete(key)
          begun.delete(operation.id)
        })
      return mine
    },

    ended: async id => begun.get(id) ?? store.asyncOperations.get(carryOut, id),

    async resume(how) {
      carriesOut = how
      for (const operation of await store.asyncOperations.unfinished(carryOut))
        void work.begin(operation).catch(() => undefined)
    },

    async close(limitMs) {
      closing = true
      const running = Promise.allSettled(lastOn.values())
      const limit = new AbortController()
      await Promise.race([running, pause(limitMs, undefined, { signal: limit.signal }).catch(() => undefined)])
      limit.abort()
    },
  }
  return work
}

/** A resource says itself what became of it; a deleted one goes in the same commit that ends the work. */
async function settleResource(tx: Writes, operation: AsyncOperation): Promise<void> {
  const id = resourceId(operation.target)
  const verb = verbOf(operation)
  if (operation.status === 'Canceled') return
  if (verb === 'delete' && operation.status === 'Succeeded') {
    await tx.resources.remove(carryOut, id)
    await tx.roles.removeAssignmentsBelow(carryOut, id.text)
    return
  }
  const resource = await tx.resources.get(carryOut, id)
  if (!resource || (verb !== 'write' && verb !== 'delete')) return
  // Who deletes what is still being made: it is on its way out, however the making ended.
  if (verb === 'write' && resource.body.properties.provisioningState === 'Deleting') return
  // A group that could not be deleted goes on as before: what is left in it must stay usable.
  const provisioningState = id.type === 'Microsoft.Resources/resourceGroups' ? 'Succeeded' : operation.status
  const properties = { ...resource.body.properties, provisioningState }
  await tx.resources.put(carryOut, id, { ...resource.body, properties })
}

const verbOf = ({ kind }: AsyncOperation) => kind.slice(kind.lastIndexOf('/') + 1)

const internalError = (id: string) => ({
  code: 'InternalOperationError',
  message: `An unexpected error occurred. It is in the server's log under operation ${id}.`,
})
