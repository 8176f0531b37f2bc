import * as refusals from './refusals.ts'

const prefix = 'x-ms-meta-'

/** Names are those of C# variables. Throws 400. */
export function metadataFrom(headers: Headers): Record<string, string> {
  const metadata: Record<string, string> = {}
  let size = 0
  for (const [header, value] of headers) {
    if (!header.startsWith(prefix)) continue
    const name = header.slice(prefix.length)
    if (name === '') throw refusals.emptyMetadataKey()
    if (!/^[a-z_][a-z0-9_]*$/i.test(name)) throw refusals.invalidMetadata(name)
    size += name.length + value.length
    metadata[name] = value
  }
  if (size > 8 * 1024) throw refusals.metadataTooLarge()
  return metadata
}

export const metadataHeaders = (metadata: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [prefix + name, value]))
