import { modeText } from './acl.ts'
import { shownEntries } from './acl-spec.ts'
import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { namingFor } from './file-status.ts'
import { demandFound } from './walk.ts'

export const getAclStatus = fileOperation<'read'>({
  method: 'GET',
  op: 'GETACLSTATUS',
  alias: 'MSGETACLSTATUS',
  verb: 'read',
  async run(ask) {
    const { acl } = demandFound(ask.way)
    const naming = namingFor(ask.parameters, ask.cx.store)
    return jsonAnswer({
      AclStatus: {
        entries: shownEntries(acl),
        owner: await naming(acl.owner),
        group: await naming(acl.group),
        permission: modeText(acl),
        stickyBit: acl.sticky,
      },
    })
  },
})
