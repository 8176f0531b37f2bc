import type { DataLakeFile, DataLakeFileReads } from '../../store/data-lake-files.ts'
import { type Bits, canEnter, canRead, canWrite, type Identity, isAllowed, mayTake } from './acl.ts'
import type { Ask } from './file-operation.ts'
import { accessDenied, notAFolder, notFound } from './refusals.ts'

/** How far a path goes: from the root through all folders that there are. */
export type Way = {
  /** From the root to the last that there is. */
  readonly trail: readonly [DataLakeFile, ...DataLakeFile[]]
  /** Names for which there is nothing. */
  readonly missing: readonly string[]
}

type Walker = Pick<Ask<'read' | 'write'>, 'account' | 'who' | 'grant'> & { readonly cx: { readonly now: number } }

/**
 * Goes along a path. Every folder on it must let the caller through, and that is asked before it is looked whether the
 * next name exists: 404 for what is behind a closed door would say what is there. Throws 403.
 */
export async function walk(files: DataLakeFileReads, ask: Walker, path: readonly string[]): Promise<Way> {
  const { account, who, grant, cx } = ask
  const root = await files.get(grant, account, { parent: 0, name: '' }, cx.now)
  if (!root) throw new Error(`the account ${account.name} has no root`)
  const trail: [DataLakeFile, ...DataLakeFile[]] = [root]
  for (const [at, name] of path.entries()) {
    const folder = lastOf(trail)
    if (folder.kind === 'FILE') return { trail, missing: path.slice(at) }
    demandBits(who, folder, canEnter)
    const next = await files.get(grant, account, { parent: folder.number, name }, cx.now)
    if (!next) return { trail, missing: path.slice(at) }
    trail.push(next)
  }
  return { trail, missing: [] }
}

const lastOf = (trail: Way['trail']): DataLakeFile => trail.at(-1) ?? trail[0]

/** What is at the end of the way. Undefined when there is nothing. */
export const found = ({ trail, missing }: Way): DataLakeFile | undefined =>
  missing.length === 0 ? lastOf(trail) : undefined

/** Throws 404. */
export function demandFound(way: Way): DataLakeFile {
  const file = found(way)
  if (!file) throw notFound()
  return file
}

/** The folder in which something is, or would be made: the last on the way that there is. Undefined for the root. */
export const folderOf = ({ trail, missing }: Way): DataLakeFile | undefined =>
  missing.length > 0 ? lastOf(trail) : trail.at(-2)

/** Throws 403. */
export function demandBits(who: Identity, { acl }: DataLakeFile, wanted: Bits): void {
  if (!isAllowed(who, acl, wanted)) throw accessDenied()
}

/** Making something changes its folder. Throws 403. */
export function demandMaking(who: Identity, folder: DataLakeFile): void {
  if (folder.kind === 'FILE') throw notAFolder()
  demandBits(who, folder, canWrite | canEnter)
}

/** Throws 403. */
export function demandTaking(who: Identity, folder: DataLakeFile, file: DataLakeFile): void {
  demandBits(who, folder, canWrite | canEnter)
  if (!mayTake(who, folder.acl, file.acl)) throw accessDenied()
}

/** Everything in a folder goes with it, so every folder in it that is not empty must be open to the caller. */
export async function demandTakingAll(
  files: DataLakeFileReads,
  { account, who, grant, cx }: Walker,
  folder: DataLakeFile,
): Promise<{ isEmpty: boolean }> {
  const below = await files.folders(grant, account, folder, cx.now)
  const isFull = (one: { files: number; folders: number }) => one.files + one.folders > 0
  if (!below.filter(isFull).every(({ acl }) => isAllowed(who, acl, canRead | canWrite | canEnter))) throw accessDenied()
  return { isEmpty: !below.some(isFull) }
}
