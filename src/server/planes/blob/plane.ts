import type { Call } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import type { Parts } from '../../parts.ts'
import { corsHeaders } from './account/cors.ts'
import { renderError } from './answer.ts'
import { authenticate } from './authenticate.ts'
import { operations } from './operations.ts'
import { blobSegments } from './path.ts'
import { findAccount, locate } from './place.ts'
import { permits } from './public-access.ts'
import { routingQuery } from './query.ts'
import * as refusals from './refusals.ts'

/** The blob service of storage accounts. */
export function blobPlane(parts: Parts): Plane {
  const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${parts.directory.tenantId}/oauth2/authorize resource_id=https://storage.azure.com`
  // What the account's rules say about the request, until it is answered.
  const crossOrigin = new WeakMap<Request, ReturnType<typeof corsHeaders>>()
  return {
    name: 'blob',
    operations,
    acceptsAudience: audience => parts.tokens.audiences.serviceOf(audience) === 'storage',
    keepsDots: true,
    segments: blobSegments,
    query: routingQuery,
    unmatched: ([account = '', container, blob = '']) => ({
      account,
      ...(container === undefined ? {} : { container, blob }),
    }),
    locate: params => locate(parts, params),
    async authenticate(call) {
      const account = await parts.store.storageAccounts.get(findAccount, { name: call.params.account ?? '' })
      if (!account) return undefined
      crossOrigin.set(call.request, corsHeaders(account, call.request))
      return authenticate(parts, call, account)
    },
    permits: (caller, wish, call) => permits(parts, caller, wish, call),
    notFound: ({ url }) =>
      url.searchParams.has('comp')
        ? refusals.invalidQuery('comp', url.searchParams.get('comp') ?? '')
        : refusals.invalidUri(),
    unauthenticated: (call, why) => {
      if (why !== 'missing') return refusals.invalidAuthenticationInfo(details[why], challenge)
      // Older clients know no challenge, and are not told that there is something to see with the right to.
      return versionOf(call) >= '2019-12-12'
        ? refusals.noAuthenticationInformation(challenge)
        : refusals.resourceNotFound()
    },
    forbidden: () => refusals.permissionMismatch(),
    renderError,
    stamp: call => ({
      'x-ms-version': versionOf(call),
      ...Object.fromEntries(crossOrigin.get(call.request) ?? []),
      server: 'Windows-Azure-Blob/1.0 Lazuli',
    }),
  }
}

const details = {
  invalid: 'Signature validation failed.',
  expired: 'Lifetime validation failed. The token is expired.',
  audience: 'Audience validation failed. Audience did not match.',
  tenant: 'Issuer validation failed. Issuer did not match.',
} as const

/** What the client asked for, or signed with; any that it may know, also one that is newer than this code. */
function versionOf({ request, url }: Call): string {
  const version = request.headers.get('x-ms-version') ?? url.searchParams.get('sv') ?? ''
  return /^\d{4}-\d\d-\d\d$/.test(version) ? version : '2009-09-19'
}
