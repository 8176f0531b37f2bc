import { AzureError } from '../errors.ts'
import type { ObjectKind } from '../store/vault-objects.ts'

/** What a vault says no with about the things in it, in Azure's words. */

export const singular = { secrets: 'Secret', keys: 'Key', certificates: 'Certificate' } as const

/** In Azure the name would not resolve. */
export const vaultNotFound = (name: string) =>
  new AzureError(404, 'VaultNotFound', `The vault '${name}' does not exist.`)

export const badParameter = (message: string, options?: { cause: unknown }) =>
  new AzureError(400, 'BadParameter', message, options)

export const throttled = (retryAfterSec: number) =>
  new AzureError(
    429,
    'Throttled',
    'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    { headers: { 'Retry-After': String(retryAfterSec) } },
  )

export const invalidName = (name: string) =>
  badParameter(`The request URI contains an invalid name: ${name.slice(0, 128)}`)

export const notFound = (kind: ObjectKind, id: string) =>
  new AzureError(
    404,
    `${singular[kind]}NotFound`,
    `A ${singular[kind].toLowerCase()} with (name/id) ${id} was not found in this key vault. If you recently deleted this ${singular[kind].toLowerCase()} you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  )

export const deletedNotFound = (kind: ObjectKind, name: string) =>
  new AzureError(404, `${singular[kind]}NotFound`, `Deleted ${singular[kind]} not found: ${name}`)

const conflict = (message: string, inner?: string) =>
  new AzureError(409, 'Conflict', message, inner === undefined ? {} : { extra: { innererror: { code: inner } } })

export const isDeletedButRecoverable = (kind: ObjectKind, name: string) =>
  conflict(
    `${singular[kind]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the ${singular[kind].toLowerCase()} can only be recovered or purged.`,
    'ObjectIsDeletedButRecoverable',
  )

export const alreadyExists = (kind: ObjectKind, name: string) =>
  conflict(`${singular[kind]} ${name} already exists in this key vault.`)

/** To whoever would make a certificate where a key or secret of that name stands already. */
export const nameIsTaken = (kind: ObjectKind, name: string) =>
  conflict(`A ${singular[kind].toLowerCase()} named ${name} that belongs to no certificate already exists.`)

export const forbidden = (message: string, inner?: string) =>
  new AzureError(403, 'Forbidden', message, inner === undefined ? {} : { extra: { innererror: { code: inner } } })

/** To whoever would change a certificate's key or secret on its own. `operation` as access policies call it. */
export const isManaged = (kind: ObjectKind, operation: string) =>
  forbidden(
    `Operation "${operation}" is not allowed on this ${singular[kind].toLowerCase()}, since it is associated with a certificate. Perform the operation on the corresponding certificate. For more information refer to https://docs.microsoft.com/en-us/azure/key-vault/certificates/about-certificates#composition-of-a-certificate`,
    `${singular[kind]}ManagedByKeyVault`,
  )

export const isDisabled = (kind: ObjectKind, operation: string) =>
  forbidden(
    `Operation ${operation} is not allowed on a disabled ${singular[kind].toLowerCase()}.`,
    `${singular[kind]}Disabled`,
  )

export const purgeIsForbidden = (kind: ObjectKind) =>
  forbidden(
    `Operation "purge" is not enabled for this vault: it has purge protection, and the ${singular[kind].toLowerCase()} goes when its time has come.`,
  )
