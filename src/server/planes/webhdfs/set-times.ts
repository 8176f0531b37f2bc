import { canWrite } from './acl.ts'
import { changeFile } from './change-acl.ts'
import { fileOperation } from './file-operation.ts'
import { numberIn } from './parameters.ts'
import { demandBits } from './walk.ts'

/** Milliseconds; what is -1 or not given stays. */
export const setTimes = fileOperation<'write'>({
  method: 'PUT',
  op: 'SETTIMES',
  verb: 'write',
  run(ask) {
    const time = (name: string) => (ask.parameters.get(name) === '-1' ? undefined : numberIn(ask.parameters, name))
    const [changedAt, readAt] = [time('modificationtime'), time('accesstime')]
    return changeFile(ask, file => {
      demandBits(ask.who, file, canWrite)
      return { ...file, changedAt: changedAt ?? file.changedAt, readAt: readAt ?? file.readAt }
    })
  },
})
