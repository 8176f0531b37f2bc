import { withMode } from './acl.ts'
import { changeAcl } from './change-acl.ts'
import { fileOperation } from './file-operation.ts'
import { permissionIn } from './parameters.ts'
import { illegalArgument } from './refusals.ts'

export const setPermission = fileOperation<'write'>({
  method: 'PUT',
  op: 'SETPERMISSION',
  verb: 'write',
  run(ask) {
    const mode = permissionIn(ask.parameters)
    if (mode === undefined) throw illegalArgument('The parameter permission is missing.')
    return changeAcl(ask, acl => withMode(acl, mode))
  },
})
