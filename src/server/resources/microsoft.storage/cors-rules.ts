import { isHeaderName, isHeaderValue } from '../../header-value.ts'

/** What pages of other origins may ask of an account's blobs. */
export type CorsRule = {
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposedHeaders: readonly string[]
  readonly maxAgeSec: number
}

export const mostCorsRules = 5
const methods = ['DELETE', 'GET', 'HEAD', 'MERGE', 'OPTIONS', 'PATCH', 'POST', 'PUT']

/**
 * What of a rule could not be what it says, undefined when nothing. Its exposed headers are named in answers, and all
 * the others are compared with what browsers send.
 */
export function problemOf(rule: CorsRule): keyof CorsRule | undefined {
  if (rule.origins.length === 0 || !rule.origins.every(one => one.length <= 256 && isHeaderValue(one))) return 'origins'
  if (rule.methods.length === 0 || !rule.methods.every(one => methods.includes(one.toUpperCase()))) return 'methods'
  // Also where the end of a name is left open: an asterisk may be in one.
  if (!rule.allowedHeaders.every(isHeaderName)) return 'allowedHeaders'
  if (!rule.exposedHeaders.every(isHeaderName)) return 'exposedHeaders'
  return Number.isInteger(rule.maxAgeSec) && rule.maxAgeSec >= 0 ? undefined : 'maxAgeSec'
}
