import type { DataLakeFile, FileAcl } from '../../store/data-lake-files.ts'
import { isOwner } from './acl.ts'
import { emptyAnswer } from './answers.ts'
import type { Ask } from './file-operation.ts'
import { accessDenied, illegalArgument } from './refusals.ts'
import { demandFound, walk } from './walk.ts'

/** What only the owner of a file may do, and who owns the account: change its permissions. Throws 400, 403 or 404. */
export async function changeAcl(ask: Ask<'write'>, change: (acl: FileAcl) => FileAcl): Promise<Response> {
  return changeFile(ask, file => {
    if (!isOwner(ask.who, file.acl)) throw accessDenied()
    const acl = change(file.acl)
    if (file.kind === 'FILE' && acl.defaults) throw illegalArgument('Only a directory can have default entries.')
    return { ...file, acl }
  })
}

export async function changeFile(ask: Ask<'write'>, change: (file: DataLakeFile) => DataLakeFile): Promise<Response> {
  const { cx, grant, account, path } = ask
  await cx.store.write(async tx => {
    const file = demandFound(await walk(tx.dataLakeFiles, ask, path))
    await tx.dataLakeFiles.update(grant, account, change(file))
  })
  return emptyAnswer()
}
