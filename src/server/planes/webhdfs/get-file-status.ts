import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { fileStatus, namingFor } from './file-status.ts'
import { demandFound } from './walk.ts'

export const getFileStatus = fileOperation<'read'>({
  method: 'GET',
  op: 'GETFILESTATUS',
  alias: 'MSGETFILESTATUS',
  verb: 'read',
  async run(ask) {
    const file = demandFound(ask.way)
    const naming = namingFor(ask.parameters, ask.cx.store)
    return jsonAnswer({ FileStatus: await fileStatus(file, '', ask.parameters, naming) })
  },
})
