import * as z from 'zod'
import { invalidRequestContent } from '../door/body.ts'
import { inWords } from '../in-words.ts'
import type { ResourceBody } from '../store/resources.ts'
import { invalidParameter, resourceTooLarge } from './errors.ts'

/** What every resource body may carry around its properties. */
const envelope = z.looseObject({
  location: z.string().trim().min(1).optional(),
  tags: z.record(z.string().max(512), z.string().max(256)).optional(),
  identity: z.looseObject({ type: z.string() }).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
})

/** `West US 2` and `westus2` are one place. */
export const normalLocation = (location: string) => location.replaceAll(' ', '').toLowerCase()

/** Clients write `null` for what they leave open. Only inside a PATCH does it mean "take away", see `patchBody`. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  )
}

/** Throws 400 with the path of what is wrong. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, below = ''): T {
  const result = schema.safeParse(value, { error: inWords })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const target = [below, ...(issue?.path ?? [])].filter(part => part !== '').join('.')
  throw invalidParameter(
    target,
    `The value of parameter ${target || 'body'} is invalid: ${issue?.message ?? 'not understood'}.`,
  )
}

/** A PUT body: what the server decides itself (`id`, `name`, `type`, `etag`, `systemData`) is left out. */
export function putBody(raw: Record<string, unknown>): ResourceBody {
  const body = checked(envelope, withoutNulls(raw))
  checkTagCount(body.tags)
  const { id: _id, name: _name, type: _type, etag: _etag, systemData: _systemData, ...rest } = body
  const location = rest.location === undefined ? {} : { location: normalLocation(rest.location) }
  return { ...rest, ...location, properties: rest.properties ?? {} } as ResourceBody
}

/** In UTF-16 units. Enough for a machine with all the data it may carry; and a page of lists has up to a thousand. */
const longestBody = 256 * 1024

/** The body as it is, if a list that it is in can still be answered. Throws 413. */
export function storable<B extends ResourceBody>(body: B): B {
  const length = JSON.stringify(body).length
  if (length > longestBody) throw resourceTooLarge(length, longestBody)
  return body
}

function checkTagCount(tags: Record<string, string> = {}): void {
  if (Object.keys(tags).length > 50) throw invalidRequestContent('a resource has at most 50 tags')
}

const patchEnvelope = z.looseObject({ tags: z.record(z.string().max(512), z.string().max(256)).nullable().optional() })

/** Tags in a PATCH replace the tags; everything else is the type's own affair. */
export function patchedTags(existing: ResourceBody, patch: Record<string, unknown>): ResourceBody {
  const { tags } = checked(patchEnvelope, patch)
  if (tags === undefined) return existing
  checkTagCount(tags ?? {})
  return { ...existing, tags: tags ?? {} }
}
