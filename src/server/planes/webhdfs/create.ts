import { randomUUID } from 'node:crypto'
import { keptBy } from '../../extents/kept.ts'
import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Reads } from '../../store/open.ts'
import { canWrite } from './acl.ts'
import { emptyAnswer, sendAgain } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { demandLease, leaseAfter } from './leases.ts'
import { makeMissing } from './make.ts'
import { isTrue, permissionIn } from './parameters.ts'
import { alreadyExists, notFound } from './refusals.ts'
import { takeIn } from './take-in.ts'
import { demandBits, demandMaking, folderOf, found, type Way, walk } from './walk.ts'

/** Makes a file, or with `overwrite` fills it anew, and puts the body into it. */
export const createFile = [
  ...fileOperation<'write'>({
    method: 'PUT',
    op: 'CREATE',
    verb: 'write',
    async run(ask) {
      await whereTo(ask.cx.store, ask)
      return sendAgain(ask.cx.request, 'write')
    },
  }),
  ...fileOperation<'write'>({
    method: 'PUT',
    op: 'CREATE',
    query: 'write=true',
    verb: 'write',
    async run(ask) {
      const { cx, grant, account, parameters } = ask
      const permission = permissionIn(parameters)
      // Asked before the body is taken in, and again when it counts.
      await whereTo(cx.store, ask)
      const body = await takeIn(cx.request, cx.extents)
      await keptBy(body, () =>
        cx.store.write(async tx => {
          const way = await whereTo(tx, ask)
          const file = found(way) ?? (await makeMissing(tx, ask, way, { kind: 'FILE', permission }))
          await tx.contents.remove(grant, file.content)
          // Another one: whoever reads the file must not go on in its new bytes.
          const content = randomUUID()
          await tx.contents.add(grant, content, body.pieces(0))
          const { lease: _, expiresAt: __, ...rest } = file
          const filled: DataLakeFile = { ...rest, content, length: body.length, changedAt: cx.now, readAt: cx.now }
          await tx.dataLakeFiles.update(grant, account, { ...filled, ...leaseAfter(parameters, cx.now) })
        }),
      )
      return emptyAnswer(201, { Location: cx.request.url })
    },
  }),
]

/** The way to the file, if the caller may make it or fill it. Throws 403 or 404. */
async function whereTo(files: Pick<Reads, 'dataLakeFiles'>, ask: Ask<'write'>): Promise<Way> {
  const { who, path, parameters, cx } = ask
  const way = await walk(files.dataLakeFiles, ask, path)
  const file = found(way)
  if (!file) {
    demandMaking(who, folderOf(way) ?? way.trail[0])
    const makesFolders = parameters.get('createparent')?.toLowerCase() !== 'false'
    if (way.missing.length > 1 && !makesFolders) throw notFound()
    return way
  }
  if (file.kind === 'DIRECTORY') {
    demandMaking(who, folderOf(way) ?? file)
    throw alreadyExists()
  }
  demandBits(who, file, canWrite)
  if (!isTrue(parameters, 'overwrite')) throw alreadyExists()
  demandLease(file, parameters, cx.now)
  return way
}
