import { AzureError } from '../../errors.ts'

/** What the provider of Data Lake Store says no with. */

export const nameRule = 'An account name has 3 to 24 lower-case letters and digits.'

export const accountNameInvalid = (name: string) =>
  new AzureError(400, 'AccountNameInvalid', `The account name '${name}' is invalid. ${nameRule}`)

export const accountNameTaken = (name: string) =>
  new AzureError(409, 'AccountAlreadyExists', `An account with the name '${name}' exists already.`)

export const badRequest = (message: string) => new AzureError(400, 'BadRequest', message)
