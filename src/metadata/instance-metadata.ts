/**
 * The instance metadata service: what http://169.254.169.254/metadata says to one machine. Pure request to response;
 * whoever owns the socket knows which machine is asking.
 */

import { type AttestedParts, attestedAnswer } from './attested.ts'
import { json, type MetadataRequest, type MetadataResponse } from './exchange.ts'
import { identityTokens, type TokenParts, tokenWish } from './identity-token.ts'
import { instanceAnswer } from './instance.ts'
import type { Machine } from './machine.ts'
import { parseQuery, type Query, requireVersion } from './query.ts'
import {
  elementNotFound,
  failed,
  forwardedRequest,
  loadBalancerNotFound,
  metadataHeaderMissing,
  methodNotAllowed,
  Refusal,
  renderRefusal,
  tooManyRequests,
} from './refusal.ts'
import { azureLimits, type Category, type Limits, throttle, unlimited } from './throttle.ts'
import { apiVersions, versionsOf } from './versions.ts'

export type MetadataParts = TokenParts &
  AttestedParts & {
    /** Is told the cause of every 500: what a part threw. */
    readonly report: (cause: unknown) => void
    readonly limits?: Limits | 'unlimited'
  }

export type MetadataService = {
  /** Never rejects. `machine` is the machine as it is now; nothing but issued tokens is remembered of it. */
  answer(request: MetadataRequest, machine: Machine): Promise<MetadataResponse>
  /** Drops what is remembered of a machine that is gone. */
  forget(machineId: string): void
}

type Ask = { readonly query: Query; readonly machine: Machine; readonly elements: readonly string[] }
type Run = (ask: Ask) => MetadataResponse | Promise<MetadataResponse>
type Route = { readonly category: Category; readonly run: Run }

const identity = (run: Run): Route => ({ category: 'identity', run })
const other = (run: Run): Route => ({ category: 'other', run })

export function metadataService(parts: MetadataParts): MetadataService {
  const { limits = azureLimits } = parts
  const gate = limits === 'unlimited' ? unlimited : throttle(limits, parts.clock)
  const tokens = identityTokens(parts)

  const instance = other(({ query, machine, elements }) => instanceAnswer(query, machine, elements))
  const routes = new Map<string, Route>([
    ['/metadata/attested/document', other(({ query, machine }) => attestedAnswer(query, machine, parts))],
    ['/metadata/identity/info', identity(tenant)],
    ['/metadata/identity/oauth2/token', identity(({ query, machine }) => tokens.answer(tokenWish(query), machine))],
    ['/metadata/instance', instance],
    ['/metadata/loadbalancer', other(loadBalancer)],
    ['/metadata/scheduledevents', other(scheduledEvents)],
    ['/metadata/versions', other(() => json(200, { apiVersions }))],
  ])
  const below = '/metadata/instance/'

  // Case counts only for the elements of the document; clients write the rest as they like, some with a slash behind.
  const routeOf = (path: string): { route: Route; elements: readonly string[] } | undefined => {
    const exact = routes.get(path)
    if (exact) return { route: exact, elements: [] }
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path
    const lower = trimmed.toLowerCase()
    const route = routes.get(lower)
    if (route) return { route, elements: [] }
    return lower.startsWith(below) ? { route: instance, elements: trimmed.slice(below.length).split('/') } : undefined
  }

  return {
    async answer(request, machine) {
      const found = routeOf(request.path)
      // Quick and unthrottled: newer clients probe for endpoints that we do not have before each first token.
      if (!found) return renderRefusal(elementNotFound(), 'other')
      const { category, run } = found.route
      if (request.method !== 'GET') return renderRefusal(methodNotAllowed(request.path, request.method), category)
      const waitSec = gate.enter(category, machine.id)
      if (waitSec > 0) return renderRefusal(tooManyRequests(waitSec), category)
      try {
        requireDirect(request)
        return await run({ query: parseQuery(request.query), machine, elements: found.elements })
      } catch (error) {
        if (error instanceof Refusal) return renderRefusal(error, category)
        parts.report(error)
        return renderRefusal(failed(), category)
      } finally {
        gate.leave(category, machine.id)
      }
    },

    forget(machineId) {
      gate.forget(machineId)
      tokens.forget(machineId)
    },
  }
}

/** Refuses what was forwarded, and what a page or a template could have made somebody's program fetch. */
function requireDirect({ headers }: MetadataRequest): void {
  if (headers('x-forwarded-for') !== undefined) throw forwardedRequest()
  const metadata = headers('metadata')
  if (metadata !== 'true' && metadata?.toLowerCase() !== 'true') throw metadataHeaderMissing()
}

function tenant({ query, machine }: Ask): MetadataResponse {
  requireVersion(query, versionsOf.identity)
  return json(200, { tenantId: machine.tenantId })
}

/** No host below these machines is ever serviced, so there is never an event to announce. */
function scheduledEvents({ query }: Ask): MetadataResponse {
  requireVersion(query, versionsOf.scheduledEvents)
  return json(200, { DocumentIncarnation: 1, Events: [] })
}

function loadBalancer({ query }: Ask): never {
  requireVersion(query, versionsOf.loadBalancer)
  throw loadBalancerNotFound()
}
