import type { DataLakeFile } from '../../store/data-lake-files.ts'
import { canWrite } from './acl.ts'
import { changeFile } from './change-acl.ts'
import { fileOperation } from './file-operation.ts'
import { numberIn } from './parameters.ts'
import { illegalArgument, notAFile } from './refusals.ts'
import { demandBits } from './walk.ts'

/** When a file is to be gone by itself. */
export const setExpiry = fileOperation<'write'>({
  method: 'PUT',
  op: 'SETEXPIRY',
  isExtension: true,
  verb: 'write',
  run(ask) {
    const option = ask.parameters.get('expiryoption')?.toLowerCase()
    const time = numberIn(ask.parameters, 'expiretime')
    return changeFile(ask, file => {
      demandBits(ask.who, file, canWrite)
      if (file.kind === 'DIRECTORY') throw notAFile()
      const { expiresAt: _, ...rest } = file
      const expiresAt = expiryOf(option, time, file, ask.cx.now)
      return expiresAt === undefined ? rest : { ...rest, expiresAt }
    })
  },
})

function expiryOf(option: string | undefined, time: number | undefined, file: DataLakeFile, now: number) {
  if (option === 'neverexpire') return undefined
  if (time === undefined) throw illegalArgument('The parameter expiretime is missing.')
  const starts = new Map([
    ['relativetonow', now],
    ['relativetocreationdate', file.createdAt],
    ['absolute', 0],
  ])
  const start = starts.get(option ?? '')
  if (start === undefined) throw illegalArgument('Invalid value for parameter expiryoption.')
  if (start + time < now) throw illegalArgument('The file would expire in the past.')
  return start + time
}
