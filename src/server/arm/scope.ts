import { parseResourceId } from '../../wire/resource-id.ts'
import type { Params } from '../door/operation.ts'

/** The route of what can be asked of any scope: the provider's part of the path follows the scope's own. */
export const atScope = (method: string, providerPath: string) => `${method} /:scope*/providers/${providerPath}`

/** The scope that a request's path begins with, as ids are spelled. Blanks and empty segments in it are nothing. */
export function scopeOf(params: Params): string {
  const segments = (params.scope ?? '').split('/').map(segment => segment.trim())
  const path = `/${segments.filter(segment => segment !== '').join('/')}`
  return parseResourceId(path)?.text ?? path
}

/** `/subscriptions/s` and `Microsoft.Authorization/roleAssignments/x` → the id of that in this scope. */
export const idInScope = (scope: string, providerPath: string) =>
  `${scope === '/' ? '' : scope}/providers/${providerPath}`
