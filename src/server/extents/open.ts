import { join } from 'node:path'
import { systemGrant } from '../access/grant.ts'
import type { Config } from '../config.ts'
import type { Store } from '../store/open.ts'
import type { Extents } from './extents.ts'
import { localExtents } from './local-files.ts'

const choosing = systemGrant('keep content where it has been kept so far')
const placeSetting = 'extents'

/**
 * The extents of an installation, where its configuration wants them. Throws when they have been kept elsewhere so far:
 * everything that the database names would be missing. A bucket may move to another endpoint.
 */
export async function openExtents(parts: { config: Config; store: Store; tenantId: string }): Promise<Extents> {
  const { store, config, tenantId } = parts
  const { directory, objectStore } = config
  const place = objectStore ? `the bucket ${objectStore.bucket}` : 'the data directory'
  const soFar = await store.settings.get(choosing, placeSetting)
  if (soFar !== undefined && soFar !== place) {
    throw new Error(`The content of this installation is in ${soFar}; the configuration says ${place}.`)
  }
  const extents = objectStore
    ? await import('./object-store.ts').then(from => from.objectStoreExtents(objectStore, tenantId))
    : localExtents(join(directory, 'extents'))
  if (soFar === undefined) await store.write(tx => tx.settings.put(choosing, placeSetting, place))
  return extents
}
