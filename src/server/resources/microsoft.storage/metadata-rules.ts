import { AzureError } from '../../errors.ts'
import { isHeaderValue } from '../../header-value.ts'

/**
 * Metadata as both planes take it. Names are those of C# variables: one is the same name in any case, and is kept in the
 * case that it came in first; values given under the same name are one, with commas between them. All of it has to be
 * fit for a header, since that is how it is shown. Throws 400.
 */
export function checkedMetadata(given: Iterable<readonly [name: string, value: string]>): Record<string, string> {
  const metadata = new Map<string, [name: string, value: string]>()
  let size = 0
  for (const [name, value] of given) {
    if (name === '') throw emptyMetadataKey()
    if (!/^[a-z_][a-z0-9_]*$/i.test(name) || !isHeaderValue(value)) throw invalidMetadata(name)
    size += name.length + value.length
    const before = metadata.get(name.toLowerCase())
    if (before) before[1] += `, ${value}`
    else metadata.set(name.toLowerCase(), [name, value])
  }
  if (size > 8 * 1024) throw metadataTooLarge()
  return Object.fromEntries(metadata.values())
}

const invalidMetadata = (name: string) =>
  new AzureError(
    400,
    'InvalidMetadata',
    'The metadata specified is invalid. It has characters that are not permitted.',
    { extra: { HeaderName: `x-ms-meta-${name}` } },
  )
const emptyMetadataKey = () =>
  new AzureError(400, 'EmptyMetadataKey', 'The key for one of the metadata key-value pairs is empty.')
const metadataTooLarge = () =>
  new AzureError(400, 'MetadataTooLarge', 'The metadata specified exceeds the maximum permissible limit (8KB).')
