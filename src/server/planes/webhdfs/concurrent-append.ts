import { keptBy } from '../../extents/kept.ts'
import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Reads } from '../../store/open.ts'
import { canWrite } from './acl.ts'
import { emptyAnswer } from './answers.ts'
import { append } from './append.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { demandLease } from './leases.ts'
import { makeMissing } from './make.ts'
import { permissionIn } from './parameters.ts'
import { notAFile, notFound } from './refusals.ts'
import { takeIn } from './take-in.ts'
import { demandBits, demandMaking, folderOf, found, type Way, walk } from './walk.ts'

/** For many writers at once, such as logs: each body stays in one piece, in whatever order they come. */
export const concurrentAppend = fileOperation<'write'>({
  method: 'POST',
  op: 'CONCURRENTAPPEND',
  isExtension: true,
  verb: 'write',
  async run(ask) {
    const { cx, parameters } = ask
    const permission = permissionIn(parameters)
    await whereTo(cx.store, ask)
    const body = await takeIn(cx.request, cx.extents)
    await keptBy(body, () =>
      cx.store.write(async tx => {
        const way = await whereTo(tx, ask)
        const file = found(way) ?? (await makeMissing(tx, ask, way, { kind: 'FILE', permission }))
        await append(tx, ask, file, body, keptLease(file))
      }),
    )
    return emptyAnswer()
  },
})

async function whereTo(files: Pick<Reads, 'dataLakeFiles'>, ask: Ask<'write'>): Promise<Way> {
  const way = await walk(files.dataLakeFiles, ask, ask.path)
  const file = found(way)
  if (file) {
    demandBits(ask.who, file, canWrite)
    demandLease(file, ask.parameters, ask.cx.now)
    if (file.kind === 'DIRECTORY') throw notAFile()
    return way
  }
  demandMaking(ask.who, folderOf(way) ?? way.trail[0])
  if (ask.parameters.get('appendmode')?.toLowerCase() !== 'autocreate') throw notFound()
  return way
}

const keptLease = ({ lease }: DataLakeFile) => (lease ? { lease } : {})
