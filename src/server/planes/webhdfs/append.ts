import { keptBy } from '../../extents/kept.ts'
import type { DataLakeFile } from '../../store/data-lake-files.ts'
import type { Reads, Writes } from '../../store/open.ts'
import { canWrite } from './acl.ts'
import { emptyAnswer, sendAgain } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
import { demandLease, leaseAfter } from './leases.ts'
import { numberIn } from './parameters.ts'
import { badOffset, notAFile } from './refusals.ts'
import { type TakenIn, takeIn } from './take-in.ts'
import { demandBits, demandFound, walk } from './walk.ts'

/** Puts the body behind what a file has. */
export const appendToFile = [
  ...fileOperation<'write'>({
    method: 'POST',
    op: 'APPEND',
    verb: 'write',
    async run(ask) {
      await whatTo(ask.cx.store, ask)
      return sendAgain(ask.cx.request, 'append')
    },
  }),
  ...fileOperation<'write'>({
    method: 'POST',
    op: 'APPEND',
    query: 'append=true',
    verb: 'write',
    async run(ask) {
      const { cx, parameters } = ask
      await whatTo(cx.store, ask)
      const body = await takeIn(cx.request, cx.extents)
      await keptBy(body, () =>
        cx.store.write(async tx => {
          const file = await whatTo(tx, ask)
          await append(tx, ask, file, body, leaseAfter(parameters, cx.now))
        }),
      )
      return emptyAnswer()
    },
  }),
]

/** The file, if the caller may write to it and its end is where the caller thinks. Throws 400, 403 or 404. */
async function whatTo(files: Pick<Reads, 'dataLakeFiles'>, ask: Ask<'write'>): Promise<DataLakeFile> {
  const { who, path, parameters, cx } = ask
  const file = demandFound(await walk(files.dataLakeFiles, ask, path))
  demandBits(who, file, canWrite)
  if (file.kind === 'DIRECTORY') throw notAFile()
  demandLease(file, parameters, cx.now)
  const offset = numberIn(parameters, 'offset')
  if (offset !== undefined && offset !== file.length) throw badOffset(offset, file.length)
  return file
}

export async function append(
  tx: Writes,
  { cx, grant, account }: Ask<'write'>,
  file: DataLakeFile,
  body: TakenIn,
  lease: Pick<DataLakeFile, 'lease'>,
): Promise<void> {
  await tx.contents.add(grant, file.content, body.pieces(file.length))
  const { lease: _, ...rest } = file
  await tx.dataLakeFiles.update(grant, account, {
    ...rest,
    ...lease,
    length: file.length + body.length,
    changedAt: cx.now,
  })
}
