import type { PlaneOf } from '../door/handle.ts'
import type { PlaneName } from '../door/names.ts'
import { planeNameOf } from '../door/names.ts'
import type { Plane } from '../door/plane.ts'
import type { Parts } from '../parts.ts'
import { armPlane } from './arm/plane.ts'
import { authorityPlane } from './authority/plane.ts'
import { blobPlane } from './blob/plane.ts'
import { graphPlane } from './graph/plane.ts'
import { keyVaultPlane } from './key-vault/plane.ts'
import { machinePlane } from './machine/plane.ts'
import { webhdfsPlane } from './webhdfs/plane.ts'

/** All protocols that this server speaks. */
export const openPlanes = (parts: Parts): readonly Plane[] => [
  armPlane(parts.tokens, parts.directory.tenantId),
  authorityPlane(parts),
  graphPlane(parts),
  blobPlane(parts),
  machinePlane(parts),
  keyVaultPlane(parts),
  webhdfsPlane(parts),
]

/** Finds a request's plane by the host it names, and on `localhost` by its path. */
export function planeFinder(
  { config, directory }: Pick<Parts, 'config' | 'directory'>,
  planes: readonly Plane[],
): PlaneOf {
  const byName = new Map(planes.map(plane => [plane.name as PlaneName, plane]))
  const isTenant = (segment: string) => segment === directory.tenantId || segment === directory.tenantDomain
  return url => {
    const found = planeNameOf(url, config, isTenant)
    const plane = found && byName.get(found.plane)
    return plane && { plane, pathname: found.pathname }
  }
}
