import { boundedCache } from './bounded-cache.ts'
import { jsonText, type MetadataResponse } from './exchange.ts'
import { type Selector, selectIdentity, selectorOf } from './identity-selection.ts'
import type { Machine, ManagedIdentity, Principal } from './machine.ts'
import { type Query, requireVersion } from './query.ts'
import { queryVariableInvalid, queryVariableMissing } from './refusal.ts'
import { versionsOf } from './versions.ts'

/** Times are unix seconds. */
export type IssuedToken = { readonly accessToken: string; readonly notBefore: number; readonly expiresOn: number }

/** Rejects with `tokenRefused(…)` when the authority says no; any other rejection is a failure of ours. */
export type IssueToken = (wish: {
  readonly machine: Machine
  readonly identity: ManagedIdentity
  readonly resource: string
}) => Promise<IssuedToken>

export type TokenWish = {
  readonly resource: string
  readonly selector: Selector | undefined
  readonly bypassCache: boolean
}

export type TokenParts = {
  /** Unix time in milliseconds. */
  readonly clock: { now(): number }
  readonly issueToken: IssueToken
}

/** A token response but for `expires_in` and its twin, which are counted from the moment of each answer. */
type Rendered = { readonly head: string; readonly tail: string; readonly notBefore: number; readonly expiresOn: number }

// SDKs take a token with five minutes or less for expired and ask again at once: handing one out makes them loop.
const leastLeftSec = 300

/** Some 20 MB of tokens. */
const mostCached = 10_000

/** Reads the query of the token endpoint. `authority` is accepted and ignored: there is one authority here. */
export function tokenWish(query: Query): TokenWish {
  requireVersion(query, versionsOf.identity)
  const resource = query.get('resource')
  if (!resource) throw queryVariableMissing('resource')
  const bypass = query.get('bypass_cache')
  if (bypass !== undefined && bypass !== 'true') throw queryVariableInvalid('bypass_cache', "only 'true' is allowed")
  return { resource, selector: selectorOf(query), bypassCache: bypass !== undefined }
}

/** Answers wishes for tokens, from memory where a token has enough time left. */
export function identityTokens({ clock, issueToken }: TokenParts) {
  const cache = boundedCache<Rendered>(mostCached)
  const pending = new Map<string, Promise<Rendered>>()

  /** Starts an issue that later requests for the same share. It is only kept if nothing took its place meanwhile. */
  const issue = (key: string, machine: Machine, identity: Principal, resource: string): Promise<Rendered> => {
    const run = async (): Promise<Rendered> => {
      try {
        const owned = { resourceId: machine.resourceId, ...identity }
        const rendered = render(await issueToken({ machine, identity: owned, resource }), identity, resource)
        if (pending.get(key) === started) cache.set(key, rendered)
        return rendered
      } finally {
        if (pending.get(key) === started) pending.delete(key)
      }
    }
    const started = Promise.resolve().then(run)
    pending.set(key, started)
    return started
  }

  const nowSec = () => Math.floor(clock.now() / 1000)

  const isUsable = (rendered: Rendered, now: number) =>
    rendered.expiresOn - now > leastLeftSec && rendered.notBefore <= now

  return {
    async answer(wish: TokenWish, machine: Machine): Promise<MetadataResponse> {
      // Chosen before the cache is asked, so that an identity taken from the machine is gone at once.
      const identity = selectIdentity(machine, wish.selector)
      const key = `${machine.id} ${identity.principalId} ${wish.resource}`
      if (!wish.bypassCache) {
        const cached = cache.get(key)
        if (cached !== undefined) {
          const now = nowSec()
          if (isUsable(cached, now)) return respond(cached, now)
        }
      }
      const running = wish.bypassCache ? undefined : pending.get(key)
      const rendered = await (running ?? issue(key, machine, identity, wish.resource))
      return respond(rendered, nowSec())
    },

    forget(machineId: string): void {
      const prefix = `${machineId} `
      cache.dropPrefix(prefix)
      for (const key of pending.keys()) if (key.startsWith(prefix)) pending.delete(key)
    },
  }
}

// Every value is a string: clients written against the first version of this endpoint unmarshal nothing else.
function render(token: IssuedToken, identity: Principal, resource: string): Rendered {
  const head = { access_token: token.accessToken, client_id: identity.clientId, refresh_token: '' }
  const tail = {
    expires_on: String(token.expiresOn),
    not_before: String(token.notBefore),
    resource,
    token_type: 'Bearer',
  }
  return {
    head: `${JSON.stringify(head).slice(0, -1)},"expires_in":"`,
    tail: `",${JSON.stringify(tail).slice(1)}`,
    notBefore: token.notBefore,
    expiresOn: token.expiresOn,
  }
}

function respond(rendered: Rendered, nowSec: number): MetadataResponse {
  const left = Math.max(0, rendered.expiresOn - nowSec)
  return jsonText(`${rendered.head}${left}","ext_expires_in":"${left}${rendered.tail}`)
}
