import { readText } from '../../door/body.ts'
import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Writes } from '../../store/open.ts'
import { canRead, canWrite } from './acl.ts'
import { emptyAnswer } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { demandLease } from './leases.ts'
import { makeMissing, touch } from './make.ts'
import { isTrue } from './parameters.ts'
import { readPath } from './paths.ts'
import { illegalArgument, notAFile } from './refusals.ts'
import { demandBits, demandFound, demandTaking, demandTakingAll, folderOf, found, walk } from './walk.ts'

const longestList = 4 * 1024 * 1024

/** Puts files behind another one, in this order, as its own; after that they are not there any more. */
export const concat = [
  ...fileOperation<'write'>({
    method: 'POST',
    op: 'CONCAT',
    verb: 'write',
    async run(ask) {
      const sources = ask.parameters.get('sources')?.split(',') ?? []
      await ask.cx.store.write(tx => join(tx, ask, readSources(sources), { mayMake: false, takesFolder: false }))
      return emptyAnswer()
    },
  }),
  ...fileOperation<'write'>({
    method: 'POST',
    op: 'MSCONCAT',
    verb: 'write',
    async run(ask) {
      const sources = readSources(listIn(await readText(ask.cx.request, longestList)))
      const takesFolder = isTrue(ask.parameters, 'deletesourcedirectory')
      await ask.cx.store.write(tx => join(tx, ask, sources, { mayMake: true, takesFolder }))
      return emptyAnswer()
    },
  }),
]

/** `{"sources":["/a","/b"]}`, or as older clients write it, `sources=/a,/b`. */
function listIn(text: string): readonly unknown[] {
  const plain = /^sources=(.*)$/s.exec(text.trim())?.[1]
  if (plain !== undefined) return plain.split(',')
  try {
    const { sources } = JSON.parse(text)
    if (Array.isArray(sources)) return sources
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw illegalArgument('The request body does not list sources.')
}

function readSources(list: readonly unknown[]): readonly (readonly string[])[] {
  const paths = list.map(source => {
    if (typeof source !== 'string' || source === '') throw illegalArgument('A source is no path.')
    return readPath(source.trim())
  })
  if (paths.length === 0) throw illegalArgument('There are no sources.')
  if (new Set(paths.map(path => path.join('/'))).size < paths.length) {
    throw illegalArgument('A source is given twice.')
  }
  return paths
}

async function join(
  tx: Writes,
  ask: Ask<'write'>,
  sources: readonly (readonly string[])[],
  { mayMake, takesFolder }: { mayMake: boolean; takesFolder: boolean },
): Promise<void> {
  const { cx, grant, account, who, path, parameters } = ask
  const way = await walk(tx.dataLakeFiles, ask, path)
  const existing = mayMake ? found(way) : demandFound(way)
  if (existing) {
    demandBits(who, existing, canWrite)
    if (existing.kind === 'DIRECTORY') throw notAFile()
    demandLease(existing, parameters, cx.now)
  }
  const target = existing ?? (await makeMissing(tx, ask, way, { kind: 'FILE', permission: undefined }))

  let { length } = target
  const folders = new Map<number, DataLakeFile>()
  for (const source of sources) {
    const { file, folder } = await demandSource(tx, ask, source)
    if (file.number === target.number) throw illegalArgument('A source is the target.')
    folders.set(folder.number, folder)
    await tx.contents.copy(grant, file.content, target.content, length)
    length += file.length
    await tx.dataLakeFiles.remove(grant, account, file)
  }
  for (const folder of folders.values()) await touch(tx, { account, grant, cx }, folder)
  const fresh = await tx.dataLakeFiles.get(grant, account, { parent: target.parent, name: target.name }, cx.now)
  await tx.dataLakeFiles.update(grant, account, { ...(fresh ?? target), length, changedAt: cx.now })
  if (takesFolder) await takeFolder(tx, ask, sources, target)
}

async function demandSource(tx: Writes, ask: Ask<'write'>, source: readonly string[]) {
  const way = await walk(tx.dataLakeFiles, ask, source)
  const [file, folder] = [demandFound(way), folderOf(way)]
  if (file.kind === 'DIRECTORY' || !folder) throw notAFile()
  demandBits(ask.who, file, canRead)
  demandTaking(ask.who, folder, file)
  demandLease(file, ask.parameters, ask.cx.now)
  return { file, folder }
}

/** The folder that all sources were in goes with all that is left in it. Throws 400 when it is not one folder. */
async function takeFolder(
  tx: Writes,
  ask: Ask<'write'>,
  sources: readonly (readonly string[])[],
  target: DataLakeFile,
): Promise<void> {
  const { cx, grant, account, who, path } = ask
  const folders = new Set(sources.map(source => source.slice(0, -1).join('/')))
  const way = await walk(tx.dataLakeFiles, ask, sources[0]?.slice(0, -1) ?? [])
  const [folder, above] = [demandFound(way), folderOf(way)]
  const isAboveTarget = (await walk(tx.dataLakeFiles, ask, path)).trail.some(({ number }) => number === folder.number)
  if (folders.size !== 1 || !above || isAboveTarget || target.number === folder.number) {
    throw illegalArgument('The source directory can only be deleted when it is one, without the target in it.')
  }
  demandTaking(who, above, folder)
  await demandTakingAll(tx.dataLakeFiles, ask, folder)
  await tx.dataLakeFiles.remove(grant, account, folder)
  await touch(tx, { account, grant, cx }, above)
}
