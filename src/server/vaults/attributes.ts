import * as z from 'zod'
import { inWords } from '../in-words.ts'
import type { ObjectVersion } from '../store/vault-objects.ts'
import { badParameter } from './refusals.ts'

/** Seconds since 1970, up to the year 9999. */
const seconds = z.int().min(0).max(253_402_300_799)

export const attributesWish = z.looseObject({
  enabled: z.boolean().nullish(),
  nbf: seconds.nullish(),
  exp: seconds.nullish(),
})
export type AttributesWish = z.infer<typeof attributesWish>

export const tagsWish = z
  .record(z.string().max(256), z.string().max(256))
  .refine(tags => Object.keys(tags).length <= 15, 'there may be 15 tags at most')

type Changing = Pick<ObjectVersion, 'enabled' | 'notBefore' | 'expires' | 'tags'>

/** What a new version has, or an old one when only some of it is to change. Throws 400. */
export function attributed(
  {
    attributes,
    tags,
  }: { attributes?: AttributesWish | null | undefined; tags?: Record<string, string> | null | undefined },
  before?: Changing,
): Changing {
  const enabled = attributes?.enabled ?? before?.enabled ?? true
  const notBefore = attributes?.nbf ?? before?.notBefore
  const expires = attributes?.exp ?? before?.expires
  if (notBefore !== undefined && expires !== undefined && expires <= notBefore)
    throw badParameter('Parameter exp must be later than nbf.')
  const kept = tags ?? before?.tags
  return {
    enabled,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expires === undefined ? {} : { expires }),
    ...(kept === undefined ? {} : { tags: kept }),
  }
}

/** Throws 400 that names what is wrong. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: inWords })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.join('.') || 'body'
  throw badParameter(`Property ${path} has invalid value: ${issue?.message ?? 'not understood'}.`)
}
