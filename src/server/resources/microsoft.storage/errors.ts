import { AzureError } from '../../errors.ts'

/** What the storage resource provider says no with, in its own words. */

export const nameRule =
  'Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.'

export const accountNameInvalid = (name: string) =>
  new AzureError(400, 'AccountNameInvalid', `${name} is not a valid storage account name. ${nameRule}`)

export const accountAlreadyTaken = (name: string) =>
  new AzureError(409, 'StorageAccountAlreadyTaken', `The storage account named ${name} is already taken.`)

export const invalidValues = (names: string) =>
  new AzureError(400, 'InvalidValuesForRequestParameters', `Values for request parameters are invalid: ${names}.`)

/** Not every redundancy is there for every kind. */
export const noSuchAccountType = () => invalidValues('kind, sku')

export const cannotChange = (property: string) =>
  new AzureError(
    409,
    'StorageAccountPropertyCannotBeUpdated',
    `The property '${property}' was specified in the input, but it cannot be updated.`,
  )
