import { isOwner } from './acl.ts'
import { changeFile } from './change-acl.ts'
import { fileOperation } from './file-operation.ts'
import { accessDenied, illegalArgument } from './refusals.ts'

/** Nobody gives files away but who owns the account; the owner of one may hand it to a group that they are in. */
export const setOwner = fileOperation<'write'>({
  method: 'PUT',
  op: 'SETOWNER',
  verb: 'write',
  run(ask) {
    const { who, parameters } = ask
    const [owner, group] = [parameters.get('owner')?.toLowerCase(), parameters.get('group')?.toLowerCase()]
    if (!owner && !group) throw illegalArgument('The parameters owner and group are missing.')
    for (const id of [owner, group]) {
      if (id && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw illegalArgument('An object id is none.')
    }
    return changeFile(ask, file => {
      const givesAway = owner !== undefined && owner !== '' && owner !== file.acl.owner.toLowerCase()
      const isMember = !group || who.groups.some(one => one.toLowerCase() === group)
      if (!who.isSuperUser && (givesAway || !isOwner(who, file.acl) || !isMember)) throw accessDenied()
      return { ...file, acl: { ...file.acl, owner: owner || file.acl.owner, group: group || file.acl.group } }
    })
  },
})
