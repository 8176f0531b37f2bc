import { operation } from '../../../door/operation.ts'
import type { CorsRule } from '../../../resources/microsoft.storage/cors-rules.ts'
import type { StorageAccount } from '../../../store/storage-accounts.ts'
import { accountOf } from '../place.ts'
import { corsFailure, missingHeader } from '../refusals.ts'
import { servicePropertiesOf } from './service-properties.ts'

/** What browsers ask before they ask: whether a page of another origin may send this. */
export const preflight = ['/:account', '/:account/:container', '/:account/:container/:blob*'].map(path =>
  operation({
    name: 'Microsoft.Storage/storageAccounts/blobServices/preflight',
    route: `OPTIONS ${path}`,
    access: { open: 'a browser asks before it sends any credentials, and hears only what the rules let it do' },
    async run(cx) {
      const { headers } = cx.request
      const origin = headers.get('origin')
      const method = headers.get('access-control-request-method')
      if (origin === null) throw missingHeader('Origin')
      if (method === null) throw missingHeader('Access-Control-Request-Method')
      const asked = namesIn(headers.get('access-control-request-headers'))
      const rule = ruleFor(await accountOf(cx), origin, method, asked)
      if (!rule) throw corsFailure()
      return new Response(null, {
        status: 200,
        headers: {
          'content-length': '0',
          'access-control-allow-origin': origin,
          'access-control-allow-methods': method,
          ...(asked.length > 0 ? { 'access-control-allow-headers': asked.join(',') } : {}),
          'access-control-max-age': String(rule.maxAgeSec),
          'access-control-allow-credentials': 'true',
        },
      })
    },
  }),
)

const namesIn = (list: string | null) =>
  (list ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')

const ruleFor = (account: StorageAccount, origin: string, method: string, asked: readonly string[]) =>
  servicePropertiesOf(account).cors?.find(
    rule =>
      (rule.origins.includes('*') || rule.origins.includes(origin)) &&
      rule.methods.some(one => one.toUpperCase() === method.toUpperCase()) &&
      asked.every(name => isAllowed(rule, name)),
  )

const isAllowed = (rule: CorsRule, name: string) =>
  rule.allowedHeaders.some(allowed => {
    const plain = allowed.toLowerCase()
    return plain.endsWith('*') ? name.startsWith(plain.slice(0, -1)) : name === plain
  })

/** What the answer to a request of another origin has besides. */
export function corsHeaders(account: StorageAccount, request: Request): readonly (readonly [string, string])[] {
  const origin = request.headers.get('origin')
  const { cors = [] } = servicePropertiesOf(account)
  if (cors.length === 0) return []
  const rule = origin === null ? undefined : ruleFor(account, origin, request.method, [])
  if (origin === null || !rule) return [['vary', 'Origin']]
  return [
    ['vary', 'Origin'],
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', 'true'],
    ...(rule.exposedHeaders.length > 0
      ? [['access-control-expose-headers', rule.exposedHeaders.join(',')] as const]
      : []),
  ]
}
