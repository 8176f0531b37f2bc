import type { Call } from '../../door/operation.ts'
import * as refusals from './refusals.ts'

const prefix = 'x-ms-meta-'

/**
 * Names are those of C# variables: one is the same name in any case, and is kept in the case that it came in first.
 * Values given under the same name are one, with commas between them. Throws 400.
 */
export function metadataFrom(call: Pick<Call, 'request' | 'peer'>): Record<string, string> {
  const metadata = new Map<string, [name: string, value: string]>()
  let size = 0
  for (const [header, value] of headersOf(call)) {
    if (header.slice(0, prefix.length).toLowerCase() !== prefix) continue
    const name = header.slice(prefix.length)
    if (name === '') throw refusals.emptyMetadataKey()
    if (!/^[a-z_][a-z0-9_]*$/i.test(name)) throw refusals.invalidMetadata(name)
    size += name.length + value.length
    const before = metadata.get(name.toLowerCase())
    if (before) before[1] += `, ${value}`
    else metadata.set(name.toLowerCase(), [name, value])
  }
  if (size > 8 * 1024) throw refusals.metadataTooLarge()
  return Object.fromEntries(metadata.values())
}

/** As they were spelled, where that is known. */
function* headersOf({ request, peer: { rawHeaders } }: Pick<Call, 'request' | 'peer'>): Iterable<[string, string]> {
  if (!rawHeaders) return yield* request.headers
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', (rawHeaders[i + 1] ?? '').trim()]
}

export const metadataHeaders = (metadata: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [prefix + name, value]))
