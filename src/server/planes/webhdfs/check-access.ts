import { bitsOf } from './acl-spec.ts'
import { emptyAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { illegalArgument } from './refusals.ts'
import { demandBits, demandFound } from './walk.ts'

/** Whether the caller may, without doing it. */
export const checkAccess = fileOperation<'read'>({
  method: 'GET',
  op: 'CHECKACCESS',
  verb: 'read',
  async run(ask) {
    const action = ask.parameters.get('fsaction') ?? ''
    if (!/^[r-][w-][x-]$/.test(action)) throw illegalArgument('Invalid value for parameter fsaction.')
    const file = demandFound(ask.way)
    demandBits(ask.who, file, bitsOf(action))
    return emptyAnswer()
  },
})
