import { sign } from './hmac.ts'

/** What a user delegation key was asked for; everything of it is in each signature that is made with the key. */
export type DelegationKeyFields = {
  readonly account: string
  readonly objectId: string
  readonly tenantId: string
  /** As they were given out: they come back as text. */
  readonly start: string
  readonly expiry: string
  readonly service: string
  readonly version: string
  readonly delegatedTenantId: string
  /** How often keys of the account had been revoked. */
  readonly revocations?: number | undefined
}

/**
 * The key itself. It is stored nowhere: the server derives it again from what a signature says about it, so that a
 * changed field is a changed key. Fields cannot run into each other, because none of them may have a line break.
 */
export function deriveDelegationKey(secret: Uint8Array, fields: DelegationKeyFields): Buffer {
  const { account, objectId, tenantId, start, expiry, service, version, delegatedTenantId, revocations = 0 } = fields
  const all = [account, objectId, tenantId, start, expiry, service, version, delegatedTenantId]
  if (revocations > 0) all.push(`${revocations}`)
  if (all.some(field => field.includes('\n'))) throw new TypeError('a field of a delegation key has a line break')
  return sign(secret, all.join('\n'))
}
