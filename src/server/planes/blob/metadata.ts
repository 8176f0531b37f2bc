import type { Call } from '../../door/operation.ts'
import { checkedMetadata } from '../../resources/microsoft.storage/metadata-rules.ts'

const prefix = 'x-ms-meta-'

/** Throws 400. */
export const metadataFrom = (call: Pick<Call, 'request' | 'peer'>): Record<string, string> =>
  checkedMetadata(metadataIn(call))

function* metadataIn(call: Pick<Call, 'request' | 'peer'>): Iterable<[name: string, value: string]> {
  for (const [header, value] of headersOf(call))
    if (header.slice(0, prefix.length).toLowerCase() === prefix) yield [header.slice(prefix.length), value]
}

/** As they were spelled, where that is known. */
function* headersOf({ request, peer: { rawHeaders } }: Pick<Call, 'request' | 'peer'>): Iterable<[string, string]> {
  if (!rawHeaders) return yield* request.headers
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', (rawHeaders[i + 1] ?? '').trim()]
}

export const metadataHeaders = (metadata: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [prefix + name, value]))
