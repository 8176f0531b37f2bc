import type { Call, Operation } from '../../door/operation.ts'
import type { Plane } from '../../door/plane.ts'
import type { AzureError } from '../../errors.ts'
import type { Parts } from '../../parts.ts'
import { applicationSecrets } from './application-secrets.ts'
import { applications } from './applications.ts'
import { dateTime } from './checked.ts'
import { directoryObjects } from './directory-objects.ts'
import { federatedCredentials } from './federated-credentials.ts'
import { organization } from './organization.ts'
import { requestDenied, tokenRefused, unknownSegment } from './refusals.ts'
import { servicePrincipals } from './service-principals.ts'
import { users } from './users.ts'

const operations: readonly Operation[] = [
  ...servicePrincipals,
  ...applications,
  ...applicationSecrets,
  ...federatedCredentials,
  ...users,
  ...directoryObjects,
  ...organization,
]

/** The directory's API: who there is, and with which credentials. */
export function graphPlane({ tokens }: Pick<Parts, 'tokens'>): Plane {
  return {
    name: 'graph',
    operations: ['v1.0', 'beta'].flatMap(version => operations.map(operation => inVersion(operation, version))),
    acceptsAudience: audience => tokens.audiences.serviceOf(audience) === 'graph',
    notFound: ({ url }) => unknownSegment(url.pathname.split('/').at(-1) ?? ''),
    unauthenticated: (_call, why) => tokenRefused(why),
    forbidden: () => requestDenied(),
    renderError,
  }
}

function inVersion(operation: Operation, version: string): Operation {
  const [method, path] = operation.route.split(' ')
  return { ...operation, route: `${method} /${version}${path}` }
}

function renderError({ status, code, message, headers, extra }: AzureError, call: Call): Response {
  const innerError = {
    date: dateTime(call.now).replace('Z', ''),
    'request-id': call.requestId,
    'client-request-id': call.request.headers.get('client-request-id') ?? call.requestId,
  }
  return Response.json({ error: { code, message, ...extra, innerError } }, { status, headers })
}
