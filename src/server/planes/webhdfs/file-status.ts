import { systemGrant } from '../../access/grant.ts'
import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Store } from '../../store/open.ts'
import { modeText } from './acl.ts'

const nameOwners = systemGrant('name the owners of files')

/** How object ids are shown: as they are, or with `tooid=false` by the name of the user. */
export type Naming = (objectId: string) => Promise<string>

export function namingFor(parameters: URLSearchParams, { principals }: Pick<Store, 'principals'>): Naming {
  if (parameters.get('tooid')?.toLowerCase() !== 'false') return async objectId => objectId
  return async objectId => {
    const principal = await principals.get(nameOwners, { objectId })
    return principal?.userPrincipalName ?? objectId
  }
}

/** In the order in which the service writes it. Old clients, which name no api-version, know no more than that. */
export async function fileStatus(file: DataLakeFile, pathSuffix: string, parameters: URLSearchParams, naming: Naming) {
  const isFolder = file.kind === 'DIRECTORY'
  const { access, defaults } = file.acl
  const hasMore = access.named.length > 0 || access.mask !== undefined || defaults !== undefined
  return {
    length: file.length,
    pathSuffix,
    type: file.kind,
    blockSize: isFolder ? 0 : 268435456,
    accessTime: file.readAt,
    modificationTime: file.changedAt,
    replication: isFolder ? 0 : 1,
    permission: modeText(file.acl),
    owner: await naming(file.acl.owner),
    group: await naming(file.acl.group),
    ...(parameters.has('api-version') ? { aclBit: hasMore } : {}),
    ...(file.expiresAt === undefined ? {} : { msExpirationTime: file.expiresAt }),
  }
}
