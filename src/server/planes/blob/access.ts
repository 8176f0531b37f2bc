import type { Verb } from '../../access/grant.ts'
import type { Access, Params } from '../../door/operation.ts'
import type { SasOperation } from '../../signatures/sas-permissions.ts'
import { containerId } from '../../store/blob-containers.ts'

/**
 * What the operations of this plane need: a role's action, with the one exception of the service at the container the
 * blob lies in, and what a shared access signature calls the same thing.
 */

const services = 'Microsoft.Storage/storageAccounts/blobServices'
const containers = `${services}/containers`
const blobs = `${containers}/blobs`

export const addAction = `${blobs}/add/action`
export const tagActions = { read: `${blobs}/tags/read`, write: `${blobs}/tags/write` } as const
export const blobActions = { read: `${blobs}/read`, write: `${blobs}/write`, delete: `${blobs}/delete` } as const

export const inContainer = (params: Params) => containerId(params.accountId ?? '', params.container ?? '')
const inAccount = (params: Params) => params.accountId ?? ''

type Needs<V extends Verb> = Extract<Access<V>, { verb: V }> & { readonly permission: SasOperation }

export const reads = (permission: SasOperation): Needs<'read'> => ({
  verb: 'read',
  action: blobActions.read,
  on: inContainer,
  dataAction: true,
  permission,
})

export const writes = (permission: SasOperation): Needs<'write'> => ({
  verb: 'write',
  action: blobActions.write,
  on: inContainer,
  dataAction: true,
  permission,
})

/** Who may only add, may when there is nothing yet: see `isOnlyToAdd`. */
export const writesOrAdds = (permission: SasOperation): Needs<'write'> => ({
  ...writes(permission),
  orElse: { action: addAction, permission },
})

export const deletes = (permission: SasOperation): Needs<'delete'> => ({
  verb: 'delete',
  action: blobActions.delete,
  on: inContainer,
  dataAction: true,
  permission,
})

export const deletesVersion: Needs<'delete'> = {
  ...deletes('deleteBlobVersion'),
  action: `${blobs}/deleteBlobVersion/action`,
}

export const readsTags: Needs<'read'> = { ...reads('blobTags'), action: tagActions.read }
export const writesTags: Needs<'write'> = { ...writes('blobTags'), action: tagActions.write }
export const filters = (permission: SasOperation, on: 'account' | 'container'): Needs<'read'> => ({
  ...reads(permission),
  action: `${blobs}/filter/action`,
  on: on === 'account' ? inAccount : inContainer,
})

export const readsContainer = (permission: SasOperation): Needs<'read'> => ({
  verb: 'read',
  action: `${containers}/read`,
  on: inContainer,
  permission,
})
export const writesContainer = (permission: SasOperation): Needs<'write'> => ({
  verb: 'write',
  action: `${containers}/write`,
  on: inContainer,
  permission,
})
export const deletesContainer: Needs<'delete'> = {
  verb: 'delete',
  action: `${containers}/delete`,
  on: inContainer,
  permission: 'deleteContainer',
}
export const readsAcl: Needs<'read'> = { ...readsContainer('containerAcl'), action: `${containers}/getAcl/action` }
export const writesAcl: Needs<'write'> = { ...writesContainer('containerAcl'), action: `${containers}/setAcl/action` }

export const listsContainers: Needs<'read'> = { ...readsContainer('listContainers'), on: inAccount }
export const readsService = (permission: SasOperation): Needs<'read'> => ({
  verb: 'read',
  action: `${services}/read`,
  on: inAccount,
  permission,
})
export const writesService: Needs<'write'> = {
  verb: 'write',
  action: `${services}/write`,
  on: inAccount,
  permission: 'setServiceProperties',
}
export const delegates: Needs<'action'> = {
  verb: 'action',
  action: `${services}/generateUserDelegationKey/action`,
  on: inAccount,
  permission: 'containerAcl',
}

/** Who may delete by a signature may end the lease that keeps from it, and do nothing else to one. */
export const breaksLease = {
  blob: { action: blobActions.delete, permission: 'breakBlobLease' },
  container: { action: `${containers}/delete`, permission: 'breakContainerLease' },
} as const

/** Whether a grant is for what is not there yet, and for nothing else. */
export const isOnlyToAdd = (grant: { action: string }) => grant.action === addAction
