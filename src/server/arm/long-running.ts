import { type ResourceId, resourceId } from '../../wire/resource-id.ts'
import { systemGrant } from '../access/grant.ts'
import { type Caller, type Context, type Operation, operation } from '../door/operation.ts'
import { AzureError } from '../errors.ts'
import type { AsyncOperation } from '../store/async-operations.ts'

/**
 * How a client follows work that goes on after the answer. `Retry-After` is on every poll: without it clients wait
 * for half a minute.
 */
const retryAfter = { 'Retry-After': '1' }

const pollUrl = (url: URL, operation: AsyncOperation, kind: 'operations' | 'operationResults') => {
  const namespace = operation.kind.split('/')[0]
  const poll = new URL(
    `/subscriptions/${operation.subscriptionId}/providers/${namespace}/locations/global/${kind}/${operation.id}`,
    url,
  )
  poll.searchParams.set('api-version', url.searchParams.get('api-version') ?? '')
  return poll.href
}

/** The answer to a PUT or PATCH (with the resource) or to a POST or DELETE (without) whose work goes on. */
export function accepted(
  url: URL,
  operation: AsyncOperation,
  status: 200 | 201 | 202,
  body?: Record<string, unknown>,
): Response {
  const headers: Record<string, string> = {
    ...retryAfter,
    'Azure-AsyncOperation': pollUrl(url, operation, 'operations'),
  }
  if (body) return Response.json(body, { status, headers })
  headers.Location = pollUrl(url, operation, 'operationResults')
  return new Response(null, { status, headers })
}

/** Group deletion is followed by `Location` alone. */
export const acceptedAtLocation = (url: URL, operation: AsyncOperation): Response =>
  new Response(null, { status: 202, headers: { ...retryAfter, Location: pollUrl(url, operation, 'operationResults') } })

const poll = systemGrant('look up the work that a caller polls')

async function polled(cx: Context): Promise<AsyncOperation> {
  const id = cx.params.operationId ?? ''
  const found = await cx.store.asyncOperations.get(poll, id)
  if (found && (isMine(cx.caller, found) || (await cx.mayI(readAction(resourceId(found.target)), found.target))))
    return found
  // To whoever may not see the resource, the work on it is not there.
  throw new AzureError(404, 'OperationNotFound', `The operation '${id}' could not be found.`)
}

const isMine = (caller: Caller, { requestedBy }: AsyncOperation) =>
  caller.kind === 'principal' && caller.principal.objectId === requestedBy

/** The permission to read a resource. Groups are the one type whose actions are spelled unlike their type. */
const readAction = ({ type }: ResourceId) =>
  `${type.replace(/^Microsoft\.Resources\/resourceGroups$/i, 'Microsoft.Resources/subscriptions/resourceGroups')}/read`

const access = { signedIn: 'the handler shows it to who asked for the work or may read what it is about' }

export const pollingOperations: readonly Operation[] = [
  operation({
    name: 'Microsoft.Resources/operations/read',
    route: 'GET /subscriptions/:subscriptionId/providers/:namespace/locations/:location/operations/:operationId',
    access,
    async run(cx) {
      const { id, status, createdAt, endedAt, error, result } = await polled(cx)
      const body = {
        name: id,
        status,
        startTime: new Date(createdAt).toISOString(),
        ...(endedAt === undefined ? {} : { endTime: new Date(endedAt).toISOString() }),
        ...(error ? { error } : {}),
        ...(result === undefined ? {} : { properties: { output: result } }),
      }
      return Response.json(body, { headers: status === 'InProgress' ? retryAfter : {} })
    },
  }),
  operation({
    name: 'Microsoft.Resources/operationResults/read',
    route: 'GET /subscriptions/:subscriptionId/providers/:namespace/locations/:location/operationResults/:operationId',
    access,
    async run(cx) {
      const { status, error, result } = await polled(cx)
      if (status === 'InProgress')
        return new Response(null, { status: 202, headers: { ...retryAfter, Location: cx.url.href } })
      if (error) throw new AzureError(409, error.code, error.message)
      return result === undefined ? new Response(null, { status: 200 }) : Response.json(result)
    },
  }),
]
