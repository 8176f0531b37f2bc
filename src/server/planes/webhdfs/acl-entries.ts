import { modified, readAclSpec, replaced, without } from './acl-spec.ts'
import { changeAcl } from './change-acl.ts'
import { fileOperation } from './file-operation.ts'

export const setAcl = fileOperation<'write'>({
  method: 'PUT',
  op: 'SETACL',
  verb: 'write',
  run(ask) {
    const entries = readAclSpec(ask.parameters.get('aclspec') ?? undefined, { withBits: true })
    return changeAcl(ask, acl => replaced(acl, entries))
  },
})

export const modifyAclEntries = fileOperation<'write'>({
  method: 'PUT',
  op: 'MODIFYACLENTRIES',
  verb: 'write',
  run(ask) {
    const entries = readAclSpec(ask.parameters.get('aclspec') ?? undefined, { withBits: true })
    return changeAcl(ask, acl => modified(acl, entries))
  },
})

export const removeAclEntries = fileOperation<'write'>({
  method: 'PUT',
  op: 'REMOVEACLENTRIES',
  verb: 'write',
  run(ask) {
    const entries = readAclSpec(ask.parameters.get('aclspec') ?? undefined, { withBits: false })
    return changeAcl(ask, acl => without(acl, entries))
  },
})

/** Leaves the three entries that must be there. Default entries stay: they have an operation of their own. */
export const removeAcl = fileOperation<'write'>({
  method: 'PUT',
  op: 'REMOVEACL',
  verb: 'write',
  run: ask =>
    changeAcl(ask, acl => {
      const { user, group, other } = acl.access
      return { ...acl, access: { user, group, other, named: [] } }
    }),
})

export const removeDefaultAcl = fileOperation<'write'>({
  method: 'PUT',
  op: 'REMOVEDEFAULTACL',
  verb: 'write',
  run: ask => changeAcl(ask, ({ defaults: _, ...acl }) => acl),
})
