import { randomUUID } from 'node:crypto'
import { AzureError } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { StorageUnavailable } from '../store/open.ts'
import { openAudit } from './audit.ts'
import { authenticate } from './authenticate.ts'
import { authorize, authorizeOperation, rightsOf } from './authorize.ts'
import { type Call, type Context, type Operation, operation, type Peer } from './operation.ts'
import type { Plane } from './plane.ts'
import { hasDots, type Router, router, trimmedSegments } from './routes.ts'

/**
 * The way of every request, whatever the plane: match → locate → authenticate → audit → authorize → run → render.
 * Read this first.
 */
export type Door = (request: Request, peer: Peer) => Promise<Stamped>

/**
 * An answer, and the headers that it has besides its own. They stand apart because a Response whose headers nobody has
 * touched is sent in half the time. That is also why nobody has looked yet whether they can be sent: `instead` is what the
 * plane says when they cannot.
 */
export type Stamped = {
  readonly response: Response
  readonly stamp: Readonly<Record<string, string>>
  instead(cause: unknown): Response
}

/** As one, for those who ask from within. What the response says itself goes before the stamp. */
export function whole({ response, stamp }: Stamped): Response {
  for (const [name, value] of Object.entries(stamp)) if (!response.headers.has(name)) response.headers.set(name, value)
  return response
}

/**
 * Asks this server itself on behalf of a principal (by object id) whose own request has been answered already: the
 * request goes the way of all others, so it is authorized and audited as theirs. `path` is one of the resource manager.
 */
export type AskFor = (
  objectId: string,
  method: string,
  path: string,
  options?: { readonly body?: unknown; readonly correlationId?: string },
) => Promise<Response>

export const askThrough =
  (door: () => Door): AskFor =>
  async (objectId, method, path, { body, correlationId } = {}) => {
    const headers = new Headers({ 'content-type': 'application/json' })
    if (correlationId !== undefined) headers.set('x-ms-correlation-request-id', correlationId)
    const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const request = new Request(new URL(path, 'https://management.azure.com'), sent)
    return whole(await door()(request, { address: '', onBehalfOf: objectId }))
  }

/** Which plane a request is for, and what of its path is left for that plane to match. */
export type PlaneOf = (url: Pick<URL, 'hostname' | 'pathname'>) => { plane: Plane; pathname: string } | undefined

/** What came over the connection belongs to the request that it came with. */
const nothingSent = { body: undefined, rawHeaders: undefined, target: undefined }

export function openDoor(parts: Parts, planes: readonly Plane[], planeOf: PlaneOf): Door {
  const routers = new Map<Plane, Router>(planes.map(plane => [plane, router(plane.operations)]))
  const unknown = new Map<Plane, Operation>(planes.map(plane => [plane, unknownOperation(plane)]))

  const door: Door = async (request, peer) => {
    const url = new URL(request.url)
    const { hostname } = url
    const resolved = planeOf(url)
    const pathname = (resolved?.plane.keepsDots && pathWithDots(peer.target)) || url.pathname
    const found = pathname === url.pathname ? resolved : planeOf({ hostname, pathname })
    if (!found) {
      const response = new Response(`Lazuli serves nothing at ${url.host}\n`, { status: 421 })
      return { response, stamp: {}, instead: () => new Response(null, { status: 500 }) }
    }

    const { plane } = found
    const segments = (plane.segments ?? trimmedSegments)(found.pathname)
    const query = plane.query?.(url) ?? url.searchParams
    const match = segments && routers.get(plane)?.match(request.method, segments, query)
    const named = match ? undefined : plane.unmatched?.(segments ?? [])
    const operation = match?.operation ?? (unknown.get(plane) as Operation)
    let call: Call & Parts = beginCall(parts, request, { url, pathname }, peer, match?.params ?? named ?? {})

    const refusal = (error: unknown) => plane.renderError(toAzureError(error, parts, call), call)
    let response: Response
    try {
      if ((match || named) && plane.locate)
        call = { ...call, params: { ...call.params, ...(await plane.locate(call.params)) } }
      const caller = await authenticate(parts, plane, operation, call)
      const audit = await openAudit(parts, plane, operation, call, caller)
      response = await audit.close(async () => {
        const grant = await authorizeOperation(parts, plane, operation, call, caller)
        // One spread, and it comes first: of a second one every member is added by itself, which takes ten times as long.
        const context: Context = {
          ...call,
          caller,
          grant,
          identified: audit.identified,
          authorize: (verb, action, scope, kind) =>
            authorize(parts, plane, call, caller, { verb, action, scope, dataAction: kind === 'data' }),
          ask: async other => whole(await door(other, { ...peer, ...nothingSent })),
          mayI: async (action, scope) => (await rightsOf(parts, caller))(action, scope),
          rights: () => rightsOf(parts, caller),
        }
        return await operation.run(context)
      })
    } catch (error) {
      response = refusal(error)
    }
    return { response, stamp: stampOf(plane, call), instead: refusal }
  }
  return door
}

/** The path of a request line, if a `URL` makes another of it. */
function pathWithDots(target = ''): string | undefined {
  const path = target.includes('.') || target.includes('%') || target.includes('\\') ? pathOf(target) : ''
  return hasDots(path) ? path : undefined
}

const pathOf = (target: string) => /^(?:[a-z]+:\/\/[^/]*)?(\/[^?#]*)/i.exec(target)?.[1] ?? ''

function beginCall(
  parts: Parts,
  request: Request,
  { url, pathname }: Pick<Call, 'url' | 'pathname'>,
  peer: Peer,
  params: Call['params'],
): Call & Parts {
  const given = request.headers.get('x-ms-correlation-request-id')
  const requestId = randomUUID()
  return {
    ...parts,
    request,
    url,
    pathname,
    params,
    peer,
    requestId,
    // What nobody relates to anything else is a correlation of its own.
    correlationId: given !== null && isGuid(given) ? given.toLowerCase() : requestId,
    now: parts.clock.now(),
  }
}

const isGuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

/** Signed in first, told "not found" second: what exists is nobody's business who has no token. */
const unknownOperation = (plane: Plane): Operation =>
  operation({
    name: `${plane.name}/unknown`,
    route: '* /',
    access: { signedIn: 'it only says that there is no such thing' },
    run: cx => {
      throw plane.notFound(cx)
    },
  })

function toAzureError(error: unknown, parts: Parts, call: Call): AzureError {
  if (error instanceof AzureError) {
    if (error.cause !== undefined) parts.log.warn({ err: error.cause, requestId: call.requestId }, error.message)
    return error
  }
  parts.log.error({ err: error, requestId: call.requestId, url: call.url.pathname }, 'a request failed')
  if (error instanceof StorageUnavailable) {
    return new AzureError(503, 'ServerBusy', 'The store is not available. Nothing was changed; try again later.', {
      headers: { 'Retry-After': '5' },
    })
  }
  return new AzureError(
    500,
    'InternalServerError',
    `An unexpected error occurred. It is in the server's log under ${call.requestId}.`,
  )
}

function stampOf(plane: Plane, call: Call): Record<string, string> {
  const clientRequestId = call.request.headers.get('x-ms-client-request-id')
  return {
    'x-ms-request-id': call.requestId,
    'x-ms-correlation-request-id': call.correlationId,
    ...(clientRequestId !== null && clientRequestId.length <= 1024
      ? { 'x-ms-client-request-id': clientRequestId }
      : {}),
    'x-content-type-options': 'nosniff',
    ...(plane.stamp?.(call) ?? { 'cache-control': 'no-cache' }),
  }
}
