import { systemGrant } from '../access/grant.ts'
import type { Parts } from '../parts.ts'
import type { Call, Caller, Operation } from './operation.ts'
import type { Plane } from './plane.ts'

const lookUpCaller = systemGrant('find the principal that a token names')

/** Says who asks. Never throws for a bad token: the refusal belongs into the audit row. */
export async function authenticate(parts: Parts, plane: Plane, operation: Operation, call: Call): Promise<Caller> {
  if ('open' in operation.access) return { kind: 'anonymous' }
  const { onBehalfOf } = call.peer
  if (onBehalfOf !== undefined) return asIfPresent(parts, plane, call, onBehalfOf)
  const otherwise = await plane.authenticate?.(call)
  if (otherwise) return otherwise
  const token = bearerToken(call.request)
  if (token === undefined) return { kind: 'anonymous' }

  const verdict = await parts.tokens.verify(token, plane.acceptsAudience)
  if (!verdict.valid) return { kind: 'rejected', error: plane.unauthenticated(call, verdict.reason) }

  // A token outlives its principal by up to a day; the principal's rights do not.
  const principal = await parts.store.principals.get(lookUpCaller, { objectId: verdict.claims.oid })
  if (!principal || principal.disabled) return { kind: 'rejected', error: plane.unauthenticated(call, 'invalid') }
  return { kind: 'principal', principal, claims: verdict.claims }
}

/** Whoever asked for work that goes on is asked for anew at each of its steps: who is gone meanwhile may do nothing more. */
async function asIfPresent(parts: Parts, plane: Plane, call: Call, objectId: string): Promise<Caller> {
  const principal = await parts.store.principals.get(lookUpCaller, { objectId })
  if (!principal || principal.disabled) return { kind: 'rejected', error: plane.unauthenticated(call, 'invalid') }
  return { kind: 'principal', principal, claims: { oid: objectId } }
}

export function bearerToken(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? ''
  const scheme = /^Bearer\s+/i.exec(header)?.[0]
  if (scheme === undefined) return undefined
  // Not all of it by the pattern, which takes its time over the thousand characters of a token.
  const token = header.slice(scheme.length).trim()
  return token === '' || token.includes(' ') || token.includes('\t') ? undefined : token
}
