import { AzureError } from '../../errors.ts'

/** What the resource manager says no with about vaults. */

export const vaultNameNotValid = (name: string) => new AzureError(400, 'VaultNameNotValid', nameNotValid(name))

export const nameNotValid = (name: string, kind = 'vault') =>
  `The ${kind} name '${name}' is invalid. A ${kind}'s name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742`

export const vaultAlreadyExists = (name: string) => new AzureError(409, 'VaultAlreadyExists', nameInUse(name))

export const nameInUse = (name: string) =>
  `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, soft delete and purging a vault follow this link https://go.microsoft.com/fwlink/?linkid=2147740.`

export const deletedVaultNotFound = (name: string) =>
  new AzureError(404, 'DeletedVaultNotFound', `The specified deleted vault '${name}' does not exist.`)

export const purgeNotAllowed = () =>
  new AzureError(405, 'MethodNotAllowed', "Operation 'DeletedVaultPurge' is not allowed.")

export const badRequest = (message: string) => new AzureError(400, 'BadRequest', message)

export const notSpecified = (parameter: string) => badRequest(`The parameter ${parameter} is not specified.`)

export const invalidValueFor = (parameter: string) => badRequest(`An invalid value was provided for '${parameter}'.`)
