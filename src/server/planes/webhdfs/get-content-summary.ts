import { canEnter, canRead, isAllowed } from './acl.ts'
import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { accessDenied } from './refusals.ts'
import { demandFound } from './walk.ts'

/** How much is in a folder and all folders in it, each of which must be open to the caller. */
export const getContentSummary = fileOperation<'read'>({
  method: 'GET',
  op: 'GETCONTENTSUMMARY',
  verb: 'read',
  async run(ask) {
    const { cx, grant, account, who } = ask
    const file = demandFound(ask.way)
    if (file.kind === 'FILE') return summary(0, 1, file.length)
    const folders = await cx.store.dataLakeFiles.folders(grant, account, file, cx.now)
    if (!folders.every(({ acl }) => isAllowed(who, acl, canRead | canEnter))) throw accessDenied()
    const sum = (of: 'files' | 'bytes') => folders.reduce((all, one) => all + one[of], 0)
    return summary(folders.length, sum('files'), sum('bytes'))
  },
})

const summary = (directoryCount: number, fileCount: number, length: number) =>
  jsonAnswer({
    ContentSummary: { directoryCount, fileCount, length, quota: -1, spaceConsumed: length, spaceQuota: -1 },
  })
