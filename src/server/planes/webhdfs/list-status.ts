import type { DataLakeFile, Page } from '../../store/data-lake-files.ts'
import { canEnter, canRead } from './acl.ts'
import { jsonAnswer, longJsonAnswer } from './answers.ts'
import { type Ask, fileOperation } from './file-operation.ts'
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
    const { cx, who, parameters } = ask
    const file = demandFound(ask.way)
    const listSize = numberIn(parameters, 'listsize')
    if (listSize === 0) throw illegalArgument('Invalid value for parameter listsize: 0')
    const inPages = listSize === undefined ? {} : { continuationToken: '' }
    if (file.kind === 'FILE') {
      const FileStatus = [await fileStatus(file, '', parameters, namingFor(parameters, cx.store))]
      return jsonAnswer({ FileStatuses: { FileStatus, ...inPages } })
    }
    demandBits(who, file, canRead | canEnter)
    const [after, before] = [parameters.get('listafter'), parameters.get('listbefore')]
    const limit = listSize === undefined ? Number.MAX_SAFE_INTEGER : Math.min(listSize, most)
    const page = { ...(after ? { after } : {}), ...(before ? { before } : {}), limit }
    return longJsonAnswer(written(entries(ask, file, page), { isPage: listSize !== undefined }))
  },
})

/** Rows that are read at a time: without `listSize` a list is as long as the folder is large. */
const portion = 100

type Listed = { readonly text: string; readonly isLast: boolean; readonly name: string }

/** As many as the page has at most, each with whether the folder ends there. */
async function* entries(
  { cx, grant, account, parameters }: Ask<'read'>,
  folder: DataLakeFile,
  page: Page & { readonly limit: number },
): AsyncGenerator<Listed> {
  const naming = namingFor(parameters, cx.store)
  let { after } = page
  for (let left = page.limit; left > 0; ) {
    const size = Math.min(left, portion)
    const found = await cx.store.dataLakeFiles.list(
      grant,
      account,
      folder,
      { ...page, ...(after === undefined ? {} : { after }), limit: size + 1 },
      cx.now,
    )
    for (const [at, child] of found.slice(0, size).entries()) {
      const text = JSON.stringify(await fileStatus(child, child.name, parameters, naming))
      yield { text, name: child.name, isLast: at + 1 === found.length }
      after = child.name
    }
    if (found.length <= size) return
    left -= size
  }
}

/** The array comes first: Java's client reads by position. */
async function* written(listed: AsyncIterable<Listed>, { isPage }: { isPage: boolean }): AsyncGenerator<string> {
  let continuationToken = ''
  let before = '{"FileStatuses":{"FileStatus":['
  for await (const { text, isLast, name } of listed) {
    yield before + text
    before = ','
    continuationToken = isLast ? '' : name
  }
  const end = isPage ? `],"continuationToken":${JSON.stringify(continuationToken)}}}` : ']}}'
  yield before === ',' ? end : before + end
}
