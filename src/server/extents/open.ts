import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemGrant } from '../access/grant.ts'
import type { Config } from '../config.ts'
import type { Store } from '../store/open.ts'
import type { Extents } from './extents.ts'
import { localExtents } from './local-files.ts'

const choosing = systemGrant('keep content where it has been kept so far')
const placeSetting = 'extents'
const dataDirectory = 'the data directory'

/**
 * The extents of an installation, where its configuration wants them. Throws when they have been kept elsewhere so far:
 * everything that the database names would be missing. A bucket may move to another endpoint.
 */
export async function openExtents(parts: { config: Config; store: Store; tenantId: string }): Promise<Extents> {
  const { store, config, tenantId } = parts
  const { objectStore } = config
  const folder = join(config.directory, 'extents')
  const place = objectStore ? `the bucket ${objectStore.bucket}` : dataDirectory
  // A bucket is written down before anything is in it; the folder is made for its first extent, and says so itself.
  const soFar = (await store.settings.get(choosing, placeSetting)) ?? (existsSync(folder) ? dataDirectory : undefined)
  if (soFar !== undefined && soFar !== place) {
    throw new Error(`The content of this installation is in ${soFar}; the configuration says ${place}.`)
  }
  if (!objectStore) return localExtents(folder)
  const { objectStoreExtents } = await import('./object-store.ts')
  const extents = await objectStoreExtents(objectStore, tenantId)
  if (soFar === undefined) await store.write(tx => tx.settings.put(choosing, placeSetting, place))
  return extents
}
