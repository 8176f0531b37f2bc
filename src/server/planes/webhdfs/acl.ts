import type { FileAcl, Permissions } from '../../store/data-lake-files.ts'

/**
 * Who may do what with a file or folder: POSIX 1003.1e, draft 17, as Data Lake Store has it. Three bits each for the
 * owner, for named users and groups, for the owning group and for everybody else; the mask bounds all of them but the
 * owner's and everybody's.
 */

/** 4 to read, 2 to write, 1 to go through a folder. */
export type Bits = number
export const [canRead, canWrite, canEnter] = [4, 2, 1] as const

/** Who asks: an object id, and those of the groups it is in. */
export type Identity = {
  readonly objectId: string
  readonly groups: readonly string[]
  /** An Owner of the account, by its role in the resource manager: no permission is asked for. */
  readonly isSuperUser: boolean
}

/** The first that fits decides: the owner, then a named user, then all groups together, then everybody else. */
export function isAllowed(who: Identity, acl: FileAcl, wanted: Bits): boolean {
  if (who.isSuperUser) return true
  const bits = bitsFor(who, acl)
  return (bits & wanted) === wanted
}

function bitsFor({ objectId, groups }: Identity, { owner, group, access }: FileAcl): Bits {
  const mask = access.mask ?? 7
  if (same(owner, objectId)) return access.user
  const named = access.named.find(entry => entry.kind === 'user' && same(entry.id, objectId))
  if (named) return named.bits & mask
  const isMember = (id: string) => groups.some(one => same(one, id))
  const ofGroups = access.named.filter(entry => entry.kind === 'group' && isMember(entry.id)).map(entry => entry.bits)
  if (isMember(group)) ofGroups.push(access.group)
  return ofGroups.length > 0 ? ofGroups.reduce((all, bits) => all | bits) & mask : access.other
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

export const isOwner = (who: Identity, acl: FileAcl) => who.isSuperUser || same(acl.owner, who.objectId)

/** In a folder with the sticky bit, only who owns a thing, or the folder, may take it away. */
export const mayTake = (who: Identity, folder: FileAcl, child: FileAcl) =>
  !folder.sticky || isOwner(who, child) || isOwner(who, folder)

/** Everybody else never gets anything of a new thing, whatever its folder says. */
const umask = { user: 7, group: 7, other: 0 }

/** What a new thing has whose folder says nothing. */
const plainPermissions = (isFolder: boolean): Permissions =>
  isFolder ? { user: 7, group: 7, other: 0, named: [] } : { user: 6, group: 6, other: 0, named: [] }

/**
 * What a new thing has: its folder's group, and of its folder's default entries its own, which a folder passes on in
 * turn. The `permission` of the request only narrows.
 */
export function inheritedAcl(
  who: Identity,
  folder: FileAcl,
  kind: 'FILE' | 'DIRECTORY',
  permission: number | undefined,
): FileAcl {
  const isFolder = kind === 'DIRECTORY'
  const given = folder.defaults ?? plainPermissions(isFolder)
  const masked = { user: given.user & umask.user, group: given.group & umask.group, other: given.other & umask.other }
  const access = narrowed({ ...given, ...masked }, permission ?? 0o777)
  return {
    owner: who.objectId,
    group: folder.group,
    sticky: isFolder && ((permission ?? 0) & 0o1000) !== 0,
    access,
    ...(isFolder && folder.defaults ? { defaults: folder.defaults } : {}),
  }
}

function narrowed(permissions: Permissions, mode: number): Permissions {
  const [user, group, other] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7]
  return {
    ...permissions,
    user: permissions.user & user,
    ...(permissions.mask === undefined ? { group: permissions.group & group } : { mask: permissions.mask & group }),
    other: permissions.other & other,
  }
}

/** Where there is a mask, it stands in the place of the group: for `chmod` as for whoever looks. */
export function withMode(acl: FileAcl, mode: number): FileAcl {
  const [user, group, other] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7]
  const { access } = acl
  return {
    ...acl,
    sticky: (mode & 0o1000) !== 0,
    access: { ...access, user, other, ...(access.mask === undefined ? { group } : { mask: group }) },
  }
}

/** `770`, or `1770` with the sticky bit. */
export const modeText = ({ sticky, access }: FileAcl) =>
  `${sticky ? '1' : ''}${access.user}${access.mask ?? access.group}${access.other}`

export const rwx = (bits: Bits) => `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`
