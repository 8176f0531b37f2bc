import { canEnter, canRead } from './acl.ts'
import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { fileStatus, namingFor } from './file-status.ts'
import { numberIn } from './parameters.ts'
import { illegalArgument } from './refusals.ts'
import { demandBits, demandFound } from './walk.ts'

const most = 4000

/**
 * What is in a folder; a file lists itself. With `listSize` it comes in pages, and the answer says where to go on, with
 * nothing at the end: Python's library insists on hearing that.
 */
export const listStatus = fileOperation<'read'>({
  method: 'GET',
  op: 'LISTSTATUS',
  alias: 'MSLISTSTATUS',
  verb: 'read',
  async run(ask) {
    const { cx, grant, account, who, parameters } = ask
    const file = demandFound(ask.way)
    const naming = namingFor(parameters, cx.store)
    const listSize = numberIn(parameters, 'listsize')
    if (listSize === 0) throw illegalArgument('Invalid value for parameter listsize: 0')
    const inPages = listSize === undefined ? {} : { continuationToken: '' }
    if (file.kind === 'FILE') {
      const FileStatus = [await fileStatus(file, '', parameters, naming)]
      return jsonAnswer({ FileStatuses: { FileStatus, ...inPages } })
    }
    demandBits(who, file, canRead | canEnter)
    const [after, before] = [parameters.get('listafter'), parameters.get('listbefore')]
    const size = listSize === undefined ? undefined : Math.min(listSize, most)
    const page = {
      ...(after ? { after } : {}),
      ...(before ? { before } : {}),
      ...(size === undefined ? {} : { limit: size + 1 }),
    }
    const children = await cx.store.dataLakeFiles.list(grant, account, file, page, cx.now)
    const shown = children.slice(0, size)
    const FileStatus = await Promise.all(shown.map(child => fileStatus(child, child.name, parameters, naming)))
    const continuationToken = shown.length < children.length ? (shown.at(-1)?.name ?? '') : ''
    return jsonAnswer({ FileStatuses: { FileStatus, ...(listSize === undefined ? {} : { continuationToken }) } })
  },
})
