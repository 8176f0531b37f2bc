import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Writes } from '../../store/open.ts'
import { jsonAnswer } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { touch } from './make.ts'
import { readPath } from './paths.ts'
import { illegalArgument, notFound } from './refusals.ts'
import { demandMaking, demandTaking, folderOf, found, walk } from './walk.ts'

/** Gives something another name or folder: one row changes, however much is in it. False when there is no place for it. */
export const rename = fileOperation<'write'>({
  method: 'PUT',
  op: 'RENAME',
  verb: 'write',
  async run(ask) {
    const destination = ask.parameters.get('destination')
    if (!destination) throw illegalArgument('The parameter destination is missing.')
    const to = readPath(destination)
    const options = ask.parameters.get('renameoptions')?.toUpperCase().split(',') ?? []
    const overwrites = options.includes('OVERWRITE')
    const done = await ask.cx.store.write(tx => move(tx, ask, to, { overwrites }))
    return jsonAnswer({ boolean: done })
  },
})

async function move(
  tx: Writes,
  ask: Ask<'write'>,
  to: readonly string[],
  { overwrites }: { overwrites: boolean },
): Promise<boolean> {
  const { cx, grant, account, who, path } = ask
  const source = await walk(tx.dataLakeFiles, ask, path)
  const [folder, file] = [folderOf(source), found(source)]
  if (!folder) throw illegalArgument('The root cannot be renamed.')
  if (!file) {
    demandMaking(who, folder)
    throw notFound()
  }
  demandTaking(who, folder, file)

  let target = await walk(tx.dataLakeFiles, ask, to)
  if (found(target)?.kind === 'DIRECTORY' && found(target)?.number !== file.number) {
    // What is moved onto a folder goes into it.
    target = await walk(tx.dataLakeFiles, ask, [...to, file.name])
  }
  const [newFolder, inTheWay] = [folderOf(target), found(target)]
  if (!newFolder || target.missing.length > 1 || newFolder.kind === 'FILE') return false
  demandMaking(who, newFolder)
  if (target.trail.some(({ number }) => number === file.number)) return false
  if (inTheWay) {
    if (!overwrites || inTheWay.kind === 'DIRECTORY' || file.kind === 'DIRECTORY') return false
    demandTaking(who, newFolder, inTheWay)
    await tx.dataLakeFiles.remove(grant, account, inTheWay)
  }
  const name = target.missing[0] ?? inTheWay?.name ?? file.name
  const moved: DataLakeFile = { ...file, parent: newFolder.number, name }
  await dropExpired(tx, ask, moved)
  await tx.dataLakeFiles.update(grant, account, moved)
  await touch(tx, { account, grant, cx }, folder)
  if (newFolder.number !== folder.number) await touch(tx, { account, grant, cx }, newFolder)
  return true
}

/** A file that has expired is not there, and yet its name is still taken. */
async function dropExpired(tx: Writes, { grant, account }: Ask<'write'>, { parent, name }: DataLakeFile) {
  const old = await tx.dataLakeFiles.get(grant, account, { parent, name }, 0)
  if (old) await tx.dataLakeFiles.remove(grant, account, old)
}
