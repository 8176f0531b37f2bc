import * as refusals from '../../arm/errors.ts'
import { pollingOperations } from '../../arm/long-running.ts'
import { resourceOperations } from '../../arm/resource-operations.ts'
import type { Caller } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import { trimmedSegments } from '../../door/routes.ts'
import { AzureError } from '../../errors.ts'
import { kinds, operations as resources, resourceTypes } from '../../resources/index.ts'
import type { Tokens } from '../../tokens/tokens.ts'

/** Azure Resource Manager. */
export function armPlane(tokens: Pick<Tokens, 'audiences'>, tenantId: string): Plane {
  const challenge = `Bearer authorization_uri="https://login.windows.net/${tenantId}"`
  const operations = [...resourceTypes.flatMap(resourceOperations), ...resources, ...pollingOperations]
  // Groups and subscriptions have no provider in their paths.
  const namespaces = new Set(['microsoft.resources', ...operations.flatMap(({ route }) => namespacesIn(route))])
  const types = new Set(kinds.map(({ type }) => type.toLowerCase()))
  return {
    name: 'arm',
    operations,
    acceptsAudience: audience => tokens.audiences.serviceOf(audience) === 'arm',

    // Clients that are given an id put a slash before it, and it begins with one already.
    segments: pathname => trimmedSegments(pathname.replace(/^\/+/, '/')),

    notFound({ request, url }) {
      const provider = lastProvider(url.pathname)
      const inSubscription = /^\/subscriptions\/[^/]+(.*)$/i.exec(url.pathname)
      if (!provider && !inSubscription) return refusals.missingSubscription()
      const namespace = provider?.namespace ?? 'Microsoft.Resources'
      if (!namespaces.has(namespace.toLowerCase())) return refusals.invalidResourceNamespace(namespace)
      // Types and names take turns.
      const parts = (provider?.rest ?? inSubscription?.[1] ?? '').split('/').filter((_, at) => at % 2 === 1)
      const type = parts.join('/')
      if (types.has(`${namespace}/${type}`.toLowerCase()))
        return refusals.disallowedOperation(operationOf[request.method] ?? 'action', type)
      return refusals.invalidResourceType(type, namespace, url.searchParams.get('api-version') ?? '')
    },

    unauthenticated(_call, why) {
      const refusal = authenticationRefusals[why]
      return new AzureError(401, refusal.code, refusal.message, {
        headers: {
          'WWW-Authenticate': `${challenge}, error="invalid_token", error_description="${refusal.challenge}"`,
        },
      })
    },

    forbidden(caller, action, scope, { conditionFailed }) {
      const middle = conditionFailed
        ? 'authorization or an ABAC condition not fulfilled to perform action'
        : 'authorization to perform action'
      return new AzureError(
        403,
        'AuthorizationFailed',
        `The client '${clientOf(caller)}' with object id '${objectIdOf(caller)}' does not have ${middle} '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      )
    },

    renderError: ({ status, code, message, headers, extra }) =>
      Response.json({ error: { code, message, ...extra } }, { status, headers }),
  }
}

const operationOf: Readonly<Record<string, string>> = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
}

/** What follows the last `/providers/` of a path. A regular expression would take the square of the path's length. */
function lastProvider(pathname: string): { namespace: string; rest: string } | undefined {
  const keyword = '/providers/'
  const at = pathname.toLowerCase().lastIndexOf(keyword)
  if (at < 0) return undefined
  const [namespace = '', ...rest] = pathname.slice(at + keyword.length).split('/')
  return namespace === '' ? undefined : { namespace, rest: rest.map(segment => `/${segment}`).join('') }
}

const namespacesIn = (route: string) =>
  [...route.toLowerCase().matchAll(/\/providers\/([^/:]+)/g)].map(([, namespace = '']) => namespace)

const objectIdOf = (caller: Caller) => (caller.kind === 'principal' ? caller.principal.objectId : '')
const clientOf = (caller: Caller) =>
  caller.kind === 'principal' ? (caller.principal.userPrincipalName ?? caller.principal.clientId ?? '') : ''

const authenticationRefusals = {
  missing: {
    code: 'AuthenticationFailed',
    message: "Authentication failed. The 'Authorization' header is missing.",
    challenge: "The authentication failed because of missing 'Authorization' header.",
  },
  invalid: {
    code: 'InvalidAuthenticationToken',
    message: 'The access token is invalid.',
    challenge: 'The access token is invalid.',
  },
  expired: {
    code: 'ExpiredAuthenticationToken',
    message: 'The access token expiry UTC time is earlier than current UTC time.',
    challenge: 'The access token is expired.',
  },
  audience: {
    code: 'InvalidAuthenticationTokenAudience',
    message: 'The access token has been obtained for wrong audience or resource.',
    challenge: 'The access token has been obtained for the wrong audience.',
  },
  tenant: {
    code: 'InvalidAuthenticationTokenTenant',
    message: 'The access token is from the wrong issuer. It must match the tenant associated with this subscription.',
    challenge: 'The access token is from the wrong tenant.',
  },
} as const
