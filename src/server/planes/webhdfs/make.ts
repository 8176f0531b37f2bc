import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Writes } from '../../store/open.ts'
import { inheritedAcl } from './acl.ts'
import type { Ask } from './file-operation.ts'
import { demandMaking, folderOf, type Way } from './walk.ts'

/**
 * Makes what is missing at the end of a way, and the folders before it. Throws 403 when the last folder that there is
 * does not let the caller, or is a file.
 */
export async function makeMissing(
  tx: Writes,
  { account, who, grant, cx }: Ask<'write'>,
  way: Way,
  { kind, permission }: { kind: DataLakeFile['kind']; permission: number | undefined },
): Promise<DataLakeFile> {
  const start = folderOf(way)
  if (!start || way.missing.length === 0) throw new Error('there is nothing to make')
  demandMaking(who, start)
  let made = start
  for (const [at, name] of way.missing.entries()) {
    const isLast = at === way.missing.length - 1
    const nextKind = isLast ? kind : 'DIRECTORY'
    const acl = inheritedAcl(who, made.acl, nextKind, isLast ? permission : undefined)
    made = await tx.dataLakeFiles.create(grant, account, { parent: made.number, name, kind: nextKind, acl }, cx.now)
  }
  await touch(tx, { account, grant, cx }, start)
  return made
}

/** What happens in a folder changes it. */
export async function touch(
  tx: Writes,
  { account, grant, cx }: Pick<Ask<'write'>, 'account' | 'grant'> & { cx: { now: number } },
  folder: DataLakeFile,
): Promise<void> {
  await tx.dataLakeFiles.update(grant, account, { ...folder, changedAt: cx.now })
}
