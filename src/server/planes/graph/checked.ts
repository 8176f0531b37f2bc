import type * as z from 'zod'
import { inWords } from '../../in-words.ts'
import { badRequest } from './refusals.ts'

/** Throws 400 that names what is wrong. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: inWords })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.join('.') || 'body'
  throw badRequest(
    `Invalid value specified for property '${path}' of the request: ${issue?.message ?? 'not understood'}.`,
  )
}

/** Clients write null for what they leave open. */
export const withoutNulls = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))

/** `2026-11-21T01:30:00Z` */
export const dateTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
