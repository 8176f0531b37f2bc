import { AzureError } from '../errors.ts'
import type { Parts } from '../parts.ts'
import type { AuditRow } from '../store/audit-log.ts'
import type { Principal } from '../store/principals.ts'
import type { Call, Caller, Context, Operation } from './operation.ts'
import type { Plane } from './plane.ts'

/** Longer than any id that is one. A caller may make up what it asks for, and rows are kept for long. */
const longestText = 1024

/** No row, no work: what changes something is on record before it begins, in the commit of its first write. */
export async function openAudit(parts: Parts, plane: Plane, operation: Operation, call: Call, caller: Caller) {
  const changes = operation.changes ?? ('verb' in operation.access && operation.access.verb !== 'read')
  const what = { plane: plane.name, operation: operation.name, scope: scopeOf(operation, call) }
  const entry = entryOf(parts, call, caller, { ...what, changes })
  if (changes) await entry.note('Accepted', 202, '')
  return entry
}

type Besides = { readonly plane: string; readonly operation: string; readonly scope: string }

/** For what a request reads besides what it was sent for, with a right of its own: that is on record, too. */
export const auditBesides = <T>(cx: Context, what: Besides, work: () => Promise<T>): Promise<T> =>
  entryOf(cx, cx, cx.caller, { ...what, changes: false }).closed(work, () => 200)

function entryOf(
  parts: Pick<Parts, 'store' | 'clock'>,
  call: Call,
  caller: Caller,
  { plane, operation, scope, changes }: Besides & { readonly changes: boolean },
) {
  const row = {
    request_id: call.requestId,
    correlation_id: call.correlationId,
    plane,
    operation,
    scope_key: scope.toLowerCase().slice(0, longestText),
    source_address: call.peer.address,
    changes: changes ? 1 : 0,
  } as const
  let who = whoIs(caller)
  const note = (outcome: AuditRow['outcome'], status: number, detail: string) => {
    const { caller, caller_name } = who
    return parts.store.appendAudit({ ...row, caller, caller_name, at: parts.clock.now(), outcome, status, detail })
  }
  return {
    note,

    identified(found: Principal | { readonly claimed: string }): void {
      who = 'claimed' in found ? { ...who, caller_name: found.claimed.slice(0, 256) } : named(found)
    },

    close: (work: () => Promise<Response>): Promise<Response> => closed(work, ({ status }) => status),
    closed,
  }

  async function closed<T>(work: () => Promise<T>, statusOf: (done: T) => number): Promise<T> {
    try {
      const done = await work()
      await note('Succeeded', statusOf(done), '')
      return done
    } catch (error) {
      const status = error instanceof AzureError ? error.status : 500
      const denied = status === 401 || status === 403
      await note(denied ? 'Denied' : 'Failed', status, error instanceof AzureError ? error.code : 'InternalServerError')
      throw error
    }
  }
}

function whoIs(caller: Caller): { caller: string; caller_name: string } {
  if (caller.kind === 'principal') return named(caller.principal)
  if (caller.kind === 'machine') return { caller: caller.machineId, caller_name: caller.resourceId }
  if (caller.kind === 'signature') return { caller: caller.kind, caller_name: caller.name }
  return { caller: caller.kind, caller_name: '' }
}

const named = ({ objectId, userPrincipalName, clientId }: Principal) => ({
  caller: objectId,
  caller_name: userPrincipalName ?? clientId ?? '',
})

function scopeOf(operation: Operation, call: Call): string {
  return 'on' in operation.access ? operation.access.on(call.params) : '/'
}
